using System.IO.Hashing;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 4: claimed chunk -> compressed or stored, unpacked again while it is in the core's cache, and put into a pack; a subject's chunk also gets its inner seal,
/// which needs no place. As many workers as cores: each takes a chunk all the way, with no hand-off and no copy of what it compressed. The last
/// to end closes the packs.
/// </summary>
internal sealed class CompressorStage(BackupChannels channels, PackAssembler assembler, VaultId vault, ContentMeter meter, CompressionGoal goal, int workers)
{
    private int _running = workers;

    internal int Workers { get; } = workers;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var compressor = new ChunkCompressor(goal, assembler.Opened);
        await foreach (var chunk in channels.Claimed.Reader.ReadAllAsync(cancellationToken))
        {
            using (chunk)
            {
                await PackAsync(compressor, chunk, cancellationToken);
            }
        }

        if (Interlocked.Decrement(ref _running) == 0)
        {
            await assembler.FinishAsync(cancellationToken);
        }
    }

    private async ValueTask PackAsync(ChunkCompressor compressor, PlainChunk chunk, CancellationToken cancellationToken)
    {
        var plain = chunk.Plain;
        var pays = compressor.TryCompress(plain.Span, chunk.Checksum, out var packed, out var checksum);
        if (chunk.IsFresh)
        {
            meter.Measure(plain.LengthBytes, isDense: !pays);
        }

        var packable = pays
            ? new PackableChunk(chunk.Id, chunk.Class, plain.LengthBytes, CompressionId.Zstd, ChunkSealing.Direct, packed, checksum)
            : new PackableChunk(chunk.Id, chunk.Class, plain.LengthBytes, CompressionId.Stored, ChunkSealing.Direct, plain.Memory, chunk.Checksum);
        if (chunk.Subject is not { } subject)
        {
            await assembler.AddAsync(packable, cancellationToken);
            return;
        }

        using var payload = SealInside(packable, subject, out checksum);
        await assembler.AddAsync(packable with { Sealing = ChunkSealing.Subject, Payload = payload.Memory, Checksum = checksum }, cancellationToken);
    }

    /// <summary>The seal is opened again, like the outer one.</summary>
    private OwnedBuffer SealInside(in PackableChunk chunk, SubjectDomain subject, out ulong checksum)
    {
        var record = chunk.Payload.Span;
        var claim = new SubjectClaim(vault, subject.Id, chunk.Id, (byte)chunk.Compression, (uint)chunk.PlainBytes);
        var payload = OwnedBuffer.Rent(record.Length + SubjectSeal.OverheadBytes);
        SubjectSeal.Seal(subject.Key, claim, record, payload.Span);
        checksum = XxHash3.HashToUInt64(payload.Span);
        using var opened = OwnedBuffer.Rent(record.Length);
        if (SubjectSeal.TryOpen(subject.Key, claim, payload.Span, opened.Span) && XxHash3.HashToUInt64(opened.Span) == chunk.Checksum)
        {
            return payload;
        }

        payload.Dispose();
        throw new IntegrityException(FaultCodes.SealVerificationFailed, $"Chunk {chunk.Id}, just sealed for its subject, does not open to what was read.");
    }
}
