using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Pipeline;

/// <summary>From claimed chunks to confirmed packs in the index: the stages that every backup has, whatever its chunks come from.</summary>
internal static class StoringStages
{
    /// <summary>Each holds up to two of the longest chunks and the memory of a compressor, and what eight compress is about what one lane seals and hashes.</summary>
    private const int MaxWorkers = 8;

    /// <summary>Returns when all that was claimed is stored and in a segment.</summary>
    /// <param name="startReading">Starts what comes before the listing, if anything does.</param>
    /// <param name="listAsync">Claims everything, then completes <see cref="BackupChannels.Claimed"/>.</param>
    internal static async Task<SnapshotContents> RunAsync(
        BackupSession session,
        ProgressCounters counters,
        Action<StageGroup> startReading,
        Func<CancellationToken, Task<SnapshotContents>> listAsync,
        CancellationToken cancellationToken)
    {
        var channels = session.Channels;
        var buffers = session.Vault.Target.Capabilities.IsNear ? new BufferShelf(isSealed: true) : null;
        using var assembler = new PackAssembler(channels, SegmentSealings.PacksOf(session.Vault), buffers);
        var compressor = new CompressorStage(channels, assembler, session.Vault.Id, session.Meter, session.Compression, Math.Min(Environment.ProcessorCount, MaxWorkers));
        var uploader = new PackUploader(channels, session.Vault.Target, session.Vault.Register.Parameters.PackSizeBytes, counters);
        using var stages = new StageGroup(cancellationToken);
        try
        {
            SnapshotContents? contents = null;
            startReading(stages);
            stages.Start(async token => contents = await listAsync(token));
            for (var worker = 0; worker < compressor.Workers; worker++)
            {
                stages.Start(compressor.RunAsync);
            }

            uploader.Start(stages);
            stages.Start(session.Committer.RunAsync);
            await stages.WhenAllAsync();
            return contents!;
        }
        finally
        {
            channels.Drain();
        }
    }
}
