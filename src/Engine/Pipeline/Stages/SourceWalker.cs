using SecureBackup.Engine.Sources;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>Stage 1: scope -> entries in path order. Blocks on a thread of its own, since walking is system calls and nothing else.</summary>
internal static class SourceWalker
{
    internal static void Run(ISource source, BackupChannels channels, CancellationToken cancellationToken)
    {
        foreach (var item in source.Enumerate(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!channels.Items.Writer.TryWrite(item))
            {
                channels.Items.Writer.WriteAsync(item, cancellationToken).AsTask().GetAwaiter().GetResult();
            }
        }

        channels.Items.Writer.Complete();
    }
}
