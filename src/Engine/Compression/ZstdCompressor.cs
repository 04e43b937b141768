using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Compression;

/// <summary>
/// zstd (RFC 8878): one frame, no dictionary, its length in the frame header. The native library where it loads, the managed port
/// where it does not (musl, glibc older than 2.34); each reads what the other writes.
/// </summary>
public sealed class ZstdCompressor : ICompressor
{
    private const int MinSavedBytes = 64;
    private const int MinSavedPart = 32;

    private readonly IZstdCodec _codec;

    public ZstdCompressor()
        : this(NativeZstdCodec.IsAvailable ? new NativeZstdCodec() : new ManagedZstdCodec())
    {
    }

    internal ZstdCompressor(IZstdCodec codec)
    {
        _codec = codec;
    }

    private static ReadOnlySpan<byte> Magic => [0x28, 0xB5, 0x2F, 0xFD];

    public CompressionId Id => CompressionId.Zstd;

    public bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, out int writtenBytes) =>
        TryCompress(plain, destination, ZstdEffort.Short, out writtenBytes);

    internal bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, ZstdEffort effort, out int writtenBytes)
    {
        writtenBytes = 0;
        var limit = plain.Length - Math.Max(MinSavedBytes, plain.Length / MinSavedPart);
        return limit > 0 && _codec.TryCompress(plain, destination[..limit], effort, out writtenBytes);
    }

    public void Decompress(ReadOnlySpan<byte> compressed, Span<byte> plain)
    {
        // The libraries also take several frames in a row, and frames to be skipped: one content would have many forms.
        // The destination serves as the window: a frame that claims a huge one makes nobody allocate it.
        if (!compressed.StartsWith(Magic)
            || _codec.FrameBytes(compressed) != compressed.Length
            || !_codec.TryDecompress(compressed, plain, out var writtenBytes)
            || writtenBytes != plain.Length)
        {
            throw new IntegrityException(
                FaultCodes.DecompressionMismatch,
                $"{compressed.Length} bytes are not one zstd frame that unpacks to the {plain.Length} that were announced.");
        }
    }

    public void Dispose() => _codec.Dispose();
}

/// <summary>One implementation of zstd, with its contexts. Not thread-safe.</summary>
internal interface IZstdCodec : IDisposable
{
    /// <returns>False when the frame does not fit into the destination.</returns>
    bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, ZstdEffort effort, out int writtenBytes);

    /// <summary>Length of the frame with which the input begins; 0 when that is malformed or cut short.</summary>
    int FrameBytes(ReadOnlySpan<byte> compressed);

    /// <returns>False when the input is malformed or does not fit into the destination.</returns>
    bool TryDecompress(ReadOnlySpan<byte> compressed, Span<byte> destination, out int writtenBytes);
}
