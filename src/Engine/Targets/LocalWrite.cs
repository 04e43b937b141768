using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Targets;

/// <summary>How the content of a put gets into its file.</summary>
internal static class LocalWrite
{
    /// <summary>Who is on a thread of its own, and not of the pool's, writes all on it, and without a copy of what lies in memory already.</summary>
    internal static Task RunAsync(PutContent content, FileStream file, bool pastCache, CancellationToken cancellationToken)
    {
        var bytes = Thread.CurrentThread.IsThreadPoolThread ? default : content.InMemory;
        if (bytes.IsEmpty)
        {
            return content.CopyToAsync(file, cancellationToken);
        }

        if (pastCache)
        {
            DirectIo.Write(file.SafeFileHandle, bytes);
        }
        else
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, 0);
        }

        return Task.CompletedTask;
    }
}
