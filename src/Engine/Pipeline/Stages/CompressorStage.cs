using System.IO.Hashing;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 4: claimed chunk -> compressed or stored, and unpacked again while it is in the core's cache; a subject's chunk also gets its inner seal, which
/// needs no place. As many workers as cores; the last to end closes the channel behind them.
/// </summary>
internal sealed class CompressorStage(BackupChannels channels, VaultId vault, ContentMeter meter, CompressionGoal goal, int workers)
{
    private int _running = workers;

    internal int Workers { get; } = workers;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var compressor = new ChunkCompressor(goal);
        await foreach (var chunk in channels.Claimed.Reader.ReadAllAsync(cancellationToken))
        {
            var compressed = CompressOrDispose(compressor, chunk);
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

    private CompressedChunk CompressOrDispose(ChunkCompressor compressor, PlainChunk chunk)
    {
        try
        {
            return Compress(compressor, chunk);
        }
        catch
        {
            chunk.Dispose();
            throw;
        }
    }

    private CompressedChunk Compress(ChunkCompressor compressor, PlainChunk chunk)
    {
        var plain = chunk.Plain;
        var payload = compressor.TryCompress(plain.Span, chunk.Checksum, out var checksum);
        if (chunk.IsFresh)
        {
            meter.Measure(plain.LengthBytes, isDense: payload is null);
        }

        var compressed = new CompressedChunk(
            chunk.Id, chunk.Class, plain.LengthBytes, payload ?? plain, payload is null ? chunk.Checksum : checksum, payload is null ? CompressionId.Stored : CompressionId.Zstd, chunk.Lease);
        if (payload is not null)
        {
            plain.Dispose();
        }

        return chunk.Subject is { } subject ? SealInside(compressed, subject) : compressed;
    }

    /// <summary>The seal is opened again, like the outer one.</summary>
    private CompressedChunk SealInside(CompressedChunk chunk, SubjectDomain subject)
    {
        using var record = chunk.Payload;
        using var key = subject.Key;
        var claim = new SubjectClaim(vault, subject.Id, chunk.Id, (byte)chunk.Compression, (uint)chunk.PlainBytes);
        var payload = OwnedBuffer.Rent(record.LengthBytes + SubjectSeal.OverheadBytes);
        SubjectSeal.Seal(key, claim, record.Span, payload.Span);
        var checksum = XxHash3.HashToUInt64(payload.Span);
        using var opened = OwnedBuffer.Rent(record.LengthBytes);
        if (!SubjectSeal.TryOpen(key, claim, payload.Span, opened.Span) || XxHash3.HashToUInt64(opened.Span) != chunk.Checksum)
        {
            throw new IntegrityException(FaultCodes.SealVerificationFailed, $"Chunk {chunk.Id}, just sealed for its subject, does not open to what was read.");
        }

        return chunk with { Payload = payload, Checksum = checksum, Sealing = ChunkSealing.Subject };
    }
}
