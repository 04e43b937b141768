using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Compression;

/// <summary>How a chunk was compressed, as stored. Numbers are part of the vault format.</summary>
public enum CompressionId : byte
{
    Stored = 0,
    Zstd = 1,
}

/// <summary>
/// Spans in, spans out. An instance owns its working memory: one for each worker, never shared between threads at one time.
/// </summary>
public interface ICompressor : IDisposable
{
    CompressionId Id { get; }

    /// <param name="destination">As long as <paramref name="plain"/> or longer.</param>
    /// <param name="writtenBytes">How much of <paramref name="destination"/> was filled; 0 when it does not pay.</param>
    /// <returns>False when compression does not pay: it must save 64 bytes and a thirty-second part. What the destination then holds means nothing.</returns>
    bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, out int writtenBytes);

    /// <param name="plain">Exactly as long as was announced; nothing is ever written or allocated beyond it, whatever the input claims.</param>
    /// <exception cref="IntegrityException">DecompressionMismatch: malformed, or longer or shorter than announced.</exception>
    void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain);
}
