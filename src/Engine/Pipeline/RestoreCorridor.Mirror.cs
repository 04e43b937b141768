using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Last step of a mirror: what the snapshot does not hold is removed, if everything that it holds is there.</summary>
public static partial class RestoreCorridor
{
    /// <summary>What is there but for an attribute, waits for the sweep itself, or is never restored at all.</summary>
    internal static bool SaysNothingOfExtras(FaultCode code) =>
        code == FaultCodes.AttributeNotRestored || code == FaultCodes.EntryInTheWay || code == FaultCodes.OwnFolderLeft;

    private static async Task MirrorAsync(MirrorScope scope, RestoreParts parts, RestorePlanner planner, RunContext context, CancellationToken cancellationToken)
    {
        if (parts.Result.Faults.FirstOrDefault(static fault => !SaysNothingOfExtras(fault.Code)) is { } reason)
        {
            context.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"Nothing was deleted, since something could not be restored; the first: {reason.Message}", FaultCodes.MirrorNotDone));
            await planner.RunAgainAsync(new Dictionary<Entries.EntryPath, Vault.Listing.ListedEntry>(), cancellationToken);
            return;
        }

        // Without a listener for lost pages: one that does not open now ends the sweep, and nothing is taken for an extra by it.
        var listing = parts.Listing with { OnBroken = null };
        var sweep = new MirrorSweep(scope, parts.Filter, parts.Destination.IsMountPoint, parts.Vault.Vault.Time);
        try
        {
            await foreach (var extra in sweep.RunAsync(listing, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                parts.Result.AddRemoved(extra, extra.Reason is { } kept ? FileSystemDestination.NotRemoved(extra.Path, kept) : parts.Destination.Remove(extra.Path, extra.Metadata, extra.Identity));
            }
        }
        catch (IntegrityException damage)
        {
            parts.Result.Add(LostPage(null, damage));
        }

        await planner.RunAgainAsync(sweep.Touched, cancellationToken);
    }
}
