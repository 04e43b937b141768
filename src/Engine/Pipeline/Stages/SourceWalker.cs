using SecureBackup.Engine.Sources;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>Stage 1: scope -> entries in path order. Blocks on a thread of its own, since walking is system calls and nothing else.</summary>
internal static class SourceWalker
{
    private const int BatchItems = 64;

    internal static void Run(ISource source, BackupChannels channels, SmallFileReader reader, CancellationToken cancellationToken)
    {
        var batch = new List<SourceItem>(BatchItems);
        foreach (var item in source.Enumerate(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch.Add(item);
            if (batch.Count == BatchItems)
            {
                HandOn(channels, reader, new EntryBatch(batch), cancellationToken);
                batch = new List<SourceItem>(BatchItems);
            }
        }

        HandOn(channels, reader, new EntryBatch(batch), cancellationToken);
        channels.Items.Writer.Complete();
        reader.Complete();
    }

    private static void HandOn(BackupChannels channels, SmallFileReader reader, EntryBatch batch, CancellationToken cancellationToken)
    {
        reader.Take(batch);
        if (!channels.Items.Writer.TryWrite(batch))
        {
            channels.Items.Writer.WriteAsync(batch, cancellationToken).AsTask().GetAwaiter().GetResult();
        }
    }
}
