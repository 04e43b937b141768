using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Engine.Vault;

/// <param name="Removed">In the order of the plan; one that came to be needed meanwhile is not among them.</param>
/// <param name="Kept">Of those that were agreed to, what must stay, by the store's clock and by what was found meanwhile.</param>
/// <param name="LeftoversDeleted">Manifests that an interrupted removal had left.</param>
/// <param name="Reinstated">Snapshots that an interrupted removal had left, and that must stay: they count again.</param>
/// <param name="RecordsFolded">Removal records that are now part of another.</param>
public sealed record RemovalResult(IReadOnlyList<Snapshot> Removed, IReadOnlyList<PlannedRemoval> Kept, int LeftoversDeleted, int Reinstated, int RecordsFolded);

/// <summary>
/// Removes snapshots: a signed record first, then the manifests, then what was written about them. Packs stay; whoever collects finds that nothing needs them. No lock: two who remove at once
/// look at each other's records before either deletes anything.
/// </summary>
public static class SnapshotRemoval
{
    /// <summary>
    /// A record that is younger may still be withdrawn by whoever wrote it: nobody else completes it or makes it part of another. Far longer than two listings take.
    /// </summary>
    public static readonly TimeSpan SettlingTime = TimeSpan.FromHours(1);

    /// <param name="chosen">Of the plan's snapshots, those that a person agreed to; each is judged anew.</param>
    /// <exception cref="KeyException">RoleMissing, MemberRevoked.</exception>
    /// <exception cref="VaultException">RemovalConflict: nothing was removed.</exception>
    public static async Task<RemovalResult> RunAsync(RemovalRequest request, IReadOnlyCollection<SnapshotId> chosen, CancellationToken cancellationToken)
    {
        // A person may have looked at the question for an hour, and this computer's clock may be wrong. What is recorded as removed may be deleted by anybody should this run end in between, so
        // the store is asked for its time before.
        var plan = await RemovalPlan.MakeAsync(
            request with { Named = request.Named is null ? null : catalog => catalog.Snapshots.Where(snapshot => chosen.Contains(snapshot.Id)) }, vault => StoreClock.AskAsync(vault, cancellationToken), cancellationToken);
        var expired = plan.Expired.Where(snapshot => chosen.Contains(snapshot.Id)).ToList();
        var catalog = plan.Catalog;
        if (expired.Count > 0)
        {
            catalog = await RecordAsync(request, plan, expired, cancellationToken);
            await DeleteAsync(request.Vault, catalog, [.. expired.Select(static snapshot => snapshot.Reference)], cancellationToken);
        }

        // What somebody else's crash left behind.
        var leftovers = Leftovers.Of(request.Vault, catalog, plan.Clock.AtLeast);
        var withdrawn = await leftovers.WithdrawAsync(request.Vault, catalog, cancellationToken);
        var cleared = await DeleteAsync(request.Vault, catalog, [.. leftovers.MayGo.Select(static snapshot => snapshot.Reference)], cancellationToken);
        var folded = await RemovalFold.RunAsync(
            request.Vault, [.. catalog.Removals.Where(record => record.StoreTime <= plan.Clock.AtLeast - SettlingTime).Except(withdrawn)], cancellationToken);
        return new RemovalResult(
            expired, [.. plan.Snapshots.Where(removal => !removal.Planned.IsExpired && chosen.Contains(removal.Snapshot.Id))], cleared, leftovers.MustStay.Count, folded);
    }

    /// <summary>
    /// A crash after the put leaves snapshots that count as removed, whose manifests the next removal deletes. Before any manifest goes, the records are looked at again: of two who
    /// removed at once at least one sees the other, and if both together would leave a data set with nothing good, whoever sees it takes its record back.
    /// </summary>
    private static async Task<SnapshotCatalog> RecordAsync(RemovalRequest request, RemovalPlan plan, List<Snapshot> expired, CancellationToken cancellationToken)
    {
        var vault = request.Vault;
        var removed = expired.Select(static snapshot => new RemovedSnapshot(snapshot.Reference, snapshot.Writer, snapshot.Sequence, [.. snapshot.Body.Predecessors])).ToList();
        var (id, storeNow) = await RemovalRecord.WriteAsync(vault, removed, [.. removed.Select(_ => request.Reason)], [], cancellationToken);
        var after = await SnapshotCatalog.LoadAsync(vault, cancellationToken);
        var objection =
            new SnapshotHolds(vault) is var holds && expired.Exists(snapshot => holds.On(snapshot).Count > 0) ? "a legal hold was placed at the same moment"
            : LeavesNothingGood(request, plan, after, expired, storeNow) ? "somebody else removed at the same moment what was to stay"
            : null;
        if (objection is null)
        {
            return after;
        }

        var kept = await KeptObjects.DeleteAsync(vault, [ObjectNames.RemovalRecord(id)], cancellationToken);
        throw new VaultException(
            FaultCodes.RemovalConflict,
            kept.Count == 0
                ? $"Nothing was removed: {objection}."
                : $"Nothing was deleted: {objection}. But the record of the removal cannot be taken back before its lock ends: until a later call does so, its snapshots count as removed.");
    }

    /// <summary>
    /// Records snapshots that are missing, or cannot be judged, as removed, for whoever knows that no copy is left: they are missed no longer, and one that turns up again counts for nothing.
    /// A crash after the record leaves at most a manifest that counts as removed.
    /// </summary>
    /// <exception cref="KeyException">RoleMissing, MemberRevoked.</exception>
    /// <exception cref="VaultException">SnapshotHeld.</exception>
    public static async Task GiveUpAsync(RemovalRequest request, SnapshotCatalog catalog, IReadOnlyList<MissingSnapshot> lost, CancellationToken cancellationToken)
    {
        var vault = request.Vault;
        vault.RequireRole(Crypto.MemberRoles.Maintainer);
        await vault.RefreshAsync(cancellationToken);
        var guard = new HoldGuard(vault.Register);
        foreach (var missing in lost)
        {
            if (guard.OnUnknown(missing.Manifest.Id) is [var hold, ..] holds)
            {
                throw new VaultException(
                    FaultCodes.SnapshotHeld,
                    $"The snapshot {missing.Manifest.Id} is missing, so nobody can tell of which data set it is, and {holds.Count} legal hold(s) may be on it, the first {hold.Id}. Bring its manifest '{ObjectNames.Manifest(missing.Manifest.Id)}' back from another copy of the vault, or have the holds released.");
            }
        }

        // Where nobody says whose it was, the record stands under its author's own name, before anything that the author made.
        var removed = lost.Select(missing => new RemovedSnapshot(
            missing.Manifest, missing.Writer ?? vault.Self, missing.Sequence, catalog.BeforeMissing(missing) is { } before ? [before] : [])).ToList();
        await RemovalRecord.WriteAsync(vault, removed, [.. removed.Select(_ => request.Reason)], [], cancellationToken);
        await DeleteAsync(vault, catalog, [.. lost.Select(static missing => missing.Manifest)], cancellationToken);
    }

    private static bool LeavesNothingGood(RemovalRequest request, RemovalPlan plan, SnapshotCatalog after, List<Snapshot> expired, DateTimeOffset storeNow)
    {
        var left = RetentionFacts.Of(request.Vault, after);
        return expired.Select(static snapshot => snapshot.DataSetId).Distinct().Any(dataSet => RankOf(left, dataSet) < RankOf(plan.Facts, dataSet));

        // 3 with a verified good snapshot, 2 with a good one, 1 with any, 0 with none.
        int RankOf(IReadOnlyList<SnapshotFact> facts, DataSetId dataSet)
        {
            var own = facts.Where(fact => fact.DataSet == dataSet).ToList();
            var counting = request.Policy.Counting(own, storeNow);
            return counting.Exists(static fact => fact.IsVerified) ? 3 : counting.Count > 0 ? 2 : Math.Min(own.Count, 1);
        }
    }

    /// <summary>Manifests first: a record about a manifest that is there may be all that proves it restorable. A crash between leaves records that nothing reads.</summary>
    /// <returns>How many manifests are gone. One that is locked counts as removed all the same, and a later call deletes it.</returns>
    private static async Task<int> DeleteAsync(UnlockedVault vault, SnapshotCatalog catalog, List<ManifestReference> removed, CancellationToken cancellationToken)
    {
        var kept = await KeptObjects.DeleteAsync(vault, [.. removed.Select(static manifest => ObjectNames.Manifest(manifest.Id))], cancellationToken);
        var gone = removed.Where(manifest => !kept.Contains(ObjectNames.Manifest(manifest.Id))).ToList();
        await KeptObjects.DeleteAsync(vault, [.. gone.SelectMany(manifest => catalog.Records[manifest])], cancellationToken);
        return gone.Count;
    }
}
