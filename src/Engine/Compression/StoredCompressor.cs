using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Compression;

/// <summary>Bytes as they are.</summary>
public sealed class StoredCompressor : ICompressor
{
    public CompressionId Id => CompressionId.Stored;

    public bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, out int writtenBytes)
    {
        writtenBytes = 0;
        return false;
    }

    public void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain)
    {
        if (compressed.Length != plain.Length)
        {
            throw new IntegrityException(FaultCodes.DecompressionMismatch, $"Stored are {compressed.Length} bytes; announced were {plain.Length}.");
        }

        compressed.CopyTo(plain);
    }

    public void Dispose()
    {
    }
}
