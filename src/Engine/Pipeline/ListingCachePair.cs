using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The host's listing of the last run, and the one in the making.</summary>
internal sealed class ListingCachePair : IDisposable
{
    internal ListingCachePair(ListingCache cache, BackupOptions options, Timestamp startedAt)
    {
        Previous = options.ReadsEverything ? null : cache.TryOpen();
        Rule = Previous is null ? null : new UnchangedRule(Previous.StartedAt, options.TrustsMissingChangeTime);
        Next = new ListingCacheWriter(cache, startedAt);
    }

    internal ListingCacheReader? Previous { get; }

    internal UnchangedRule? Rule { get; }

    internal ListingCacheWriter Next { get; }

    /// <summary>Puts the new listing in place of the old one; a disk that refuses costs the next run's speed and nothing else.</summary>
    internal void Commit(IEngineSink sink)
    {
        Previous?.Dispose();
        Next.Commit();
        if (Next.Failure is { } failure)
        {
            sink.Report(new BackupEvent(
                EventSeverity.Warning, $"The listing for the next run could not be kept, so it will read every file: {failure.Message}", FaultCodes.HostStateUnusable));
        }
    }

    public void Dispose()
    {
        Previous?.Dispose();
        Next.Dispose();
    }
}
