using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// The packs that hold the content of the last good snapshot. They may hold more than it names, but nothing that is younger: a pack is written once, before the snapshot that names it. Only
/// what took over from them by compaction is younger and may hold what came since: see <see cref="LoadAsync"/>.
/// </summary>
/// <param name="Packs">Those that hold the content of the last good snapshot.</param>
/// <param name="Pages">Reference pages that were read whole on the way.</param>
internal sealed record LastGoodPacks(IReadOnlySet<PackId> Packs, IReadOnlySet<ObjectId> Pages)
{
    /// <summary>
    /// The reference set, with what took over from it; but for packs that took over from snapshots that do not count, too. Nobody can tell there what was good. Then what is needed of them counts
    /// as fresh, until a person decides: rather a false alarm after a rare collection than ransomware that became good by one.
    /// </summary>
    /// <param name="last">Null where there is none.</param>
    /// <param name="doubtful">The snapshots of the data set that do not count.</param>
    /// <param name="moves">Waited for when what the last one names is read.</param>
    internal static async Task<LastGoodPacks> LoadAsync(
        UnlockedVault vault, Snapshot? last, IEnumerable<Snapshot> doubtful, Task<RelocationMap> moves, CancellationToken cancellationToken)
    {
        var named = last is null ? null : await TryReadAsync(vault, last, cancellationToken);
        if (last is null || named is null)
        {
            return new LastGoodPacks(new HashSet<PackId>(), new HashSet<ObjectId>());
        }

        var pages = last.ReferencePages.ToHashSet();
        var moved = await moves;
        if (!named.Any(moved.IsMoved))
        {
            return new LastGoodPacks(named, pages);
        }

        var packs = WithSuccessors(named, moved);
        foreach (var snapshot in doubtful)
        {
            if (await TryReadAsync(vault, snapshot, cancellationToken) is not { } others)
            {
                return new LastGoodPacks(named, pages);
            }

            packs.ExceptWith(WithSuccessors(others.Except(named), moved).Except(named));
        }

        return new LastGoodPacks(packs, pages);
    }

    private static HashSet<PackId> WithSuccessors(IEnumerable<PackId> packs, RelocationMap moved)
    {
        var found = new HashSet<PackId>();
        var open = new Stack<PackId>(packs);
        while (open.TryPop(out var next))
        {
            if (found.Add(next))
            {
                moved.SuccessorsOf(next).ToList().ForEach(open.Push);
            }
        }

        return found;
    }

    /// <returns>Null where it cannot be read: then nothing is known to be as it was.</returns>
    private static async Task<HashSet<PackId>?> TryReadAsync(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        try
        {
            return [.. await ReferenceSet.ReadAllAsync(vault, snapshot, cancellationToken)];
        }
        catch (BackupException damage) when (damage is IntegrityException or KeyException or VaultException or TargetException { IsOfWholePlace: false })
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The packs of snapshot {snapshot.Id} are not known, so content may count as changed that is not: {damage.Message}", damage.Code));
            return null;
        }
    }
}
