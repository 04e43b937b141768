using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Snapshots that lie there although records say that they are removed, and whose removal nobody is about to finish or to take back: it was interrupted. Whoever began it may have gone by a clock
/// that was ahead, or died before it saw what had come in between. So each is judged anew, as if somebody named it now, before anything of it is deleted.
/// </summary>
/// <param name="MustStay">Needed as any other from now on, and counting again as soon as their records are withdrawn.</param>
internal sealed record Leftovers(IReadOnlyList<Snapshot> MayGo, IReadOnlyList<PlannedRemoval> MustStay)
{
    /// <param name="storeNow">By the store's clock, and rather too early than too late.</param>
    internal static Leftovers Of(UnlockedVault vault, SnapshotCatalog catalog, DateTimeOffset storeNow)
    {
        var named = catalog.Removals.SelectMany(static record => record.Record.Removed.Select(item => (item.Manifest, record.StoreTime))).ToLookup(static pair => pair.Manifest, static pair => pair.StoreTime);
        var settled = catalog.Leftovers.Where(snapshot => storeNow - named[snapshot.Reference].Max() >= SnapshotRemoval.SettlingTime).ToList();

        // One that was stored after its record turned up again: its packs may be gone long since, and it counts for nothing.
        var interrupted = settled.Where(snapshot => named[snapshot.Reference].Min() >= snapshot.StoreTime).ToList();
        var policy = new RetentionPolicy { Floor = vault.Register.Policy.RetentionFloor };
        var planned = policy.PlanByName(RetentionFacts.Of(vault, [.. catalog.Snapshots, .. interrupted]), storeNow).Snapshots.ToDictionary(static item => item.Fact.Id);
        var mustStay = interrupted.Select(snapshot => new PlannedRemoval(snapshot, planned[snapshot.Id])).Where(static removal => !removal.Planned.IsExpired).ToList();
        return new Leftovers([.. settled.ExceptBy(mustStay.Select(static removal => removal.Snapshot.Id), static snapshot => snapshot.Id)], mustStay);
    }

    /// <summary>
    /// Takes back what records say of those that must stay. A record that names others too gives way to one that names these alone, which is stored first: a crash in between leaves both, and the
    /// next call takes back the rest.
    /// </summary>
    /// <returns>The records that are taken back, also those that the store keeps for now: none may be part of a fold, which would say it anew.</returns>
    internal async Task<IReadOnlyList<StoredRecord<RemovalRecord>>> WithdrawAsync(UnlockedVault vault, SnapshotCatalog catalog, CancellationToken cancellationToken)
    {
        var back = MustStay.Select(static removal => removal.Snapshot.Reference).ToHashSet();
        var records = catalog.Removals.Where(record => record.Record.Removed.Any(item => back.Contains(item.Manifest))).ToList();
        // By records that stay: one that could not be taken back yet is not replaced again and again.
        var repeated = catalog.Removals.Except(records).SelectMany(static record => record.Record.Removed.Select(static item => item.Manifest)).ToHashSet();
        foreach (var record in records)
        {
            var reasons = RemovalFold.TryOpenReasons(vault, record) ?? Enumerable.Repeat("the reason was sealed for others", record.Record.Removed.Count);
            var others = record.Record.Removed.Zip(reasons).Where(pair => !back.Contains(pair.First.Manifest) && !repeated.Contains(pair.First.Manifest)).ToList();
            if (others.Count > 0)
            {
                await RemovalRecord.WriteAsync(vault, [.. others.Select(static pair => pair.First)], [.. others.Select(static pair => pair.Second)], [], cancellationToken);
            }
        }

        _ = await KeptObjects.DeleteAsync(vault, [.. records.Select(static record => record.Name)], cancellationToken);
        foreach (var removal in MustStay)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"A removal that was interrupted is taken back. {removal.Refusal!.Message}", removal.Refusal.Code));
        }

        return records;
    }
}
