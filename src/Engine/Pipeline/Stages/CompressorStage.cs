using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 4: claimed chunk -> compressed or stored; a subject's chunk also gets its inner seal, which needs no place. As many workers as cores; the
/// last to end closes the channel behind them.
/// </summary>
internal sealed class CompressorStage(BackupChannels channels, VaultId vault, ContentMeter meter, int workers)
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

    private CompressedChunk Compress(ZstdCompressor compressor, PlainChunk chunk)
    {
        var compressed = OwnedBuffer.Rent(chunk.Plain.LengthBytes);
        var pays = compressor.TryCompress(chunk.Plain.Span, compressed.Span, out var written);
        if (chunk.IsFresh)
        {
            meter.Measure(chunk.Plain.LengthBytes, isDense: !pays);
        }

        if (pays)
        {
            compressed.Truncate(written);
            return SealInside(new CompressedChunk(chunk, compressed, CompressionId.Zstd));
        }

        compressed.Dispose();
        return SealInside(new CompressedChunk(chunk, null, CompressionId.Stored));
    }

    private CompressedChunk SealInside(CompressedChunk chunk)
    {
        if (chunk.Chunk.Subject is not { } subject)
        {
            return chunk;
        }

        var record = chunk.Payload ?? chunk.Chunk.Plain;
        var claim = new SubjectClaim(vault, subject.Id, chunk.Chunk.Id, (byte)chunk.Compression, (uint)chunk.Chunk.Plain.LengthBytes);
        var payload = OwnedBuffer.Rent(record.LengthBytes + SubjectSeal.OverheadBytes);
        SubjectSeal.Seal(subject.Key, claim, record.Span, payload.Span);
        chunk.Payload?.Dispose();
        return chunk with { Payload = payload };
    }
}
