using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>Stage 4: claimed chunk -> compressed or stored. As many workers as cores; the last to end closes the channel behind them.</summary>
internal sealed class CompressorStage(BackupChannels channels, int workers)
{
    private int _running = workers;

    internal int Workers { get; } = workers;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var compressor = new ZstdCompressor();
        await foreach (var chunk in channels.Claimed.Reader.ReadAllAsync(cancellationToken))
        {
            var compressed = Compress(compressor, chunk);
            try
            {
                await channels.Compressed.Writer.WriteAsync(compressed, cancellationToken);
            }
            catch
            {
                compressed.Dispose();
                throw;
            }
        }

        if (Interlocked.Decrement(ref _running) == 0)
        {
            channels.Compressed.Writer.Complete();
        }
    }

    private static CompressedChunk Compress(ZstdCompressor compressor, PlainChunk chunk)
    {
        var compressed = OwnedBuffer.Rent(chunk.Plain.LengthBytes);
        if (compressor.TryCompress(chunk.Plain.Span, compressed.Span, out var written))
        {
            compressed.Truncate(written);
            return new CompressedChunk(chunk, compressed);
        }

        compressed.Dispose();
        return new CompressedChunk(chunk, null);
    }
}
