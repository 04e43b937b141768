using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;

namespace SecureBackup.Engine.Vault;

/// <summary>What retention is told about the snapshots of a vault.</summary>
public static class RetentionFacts
{
    /// <summary>In the order of the catalogue. Chain and store dates give the order, since a writer's clock is the writer's word.</summary>
    public static IReadOnlyList<SnapshotFact> Of(UnlockedVault vault, SnapshotCatalog catalog) => Of(vault, catalog.Snapshots);

    internal static IReadOnlyList<SnapshotFact> Of(UnlockedVault vault, IReadOnlyList<Snapshot> snapshots)
    {
        var newestFirst = SnapshotOrder.NewestFirst(snapshots, static snapshot => Timestamp.From(snapshot.StoreTime)).ToList();
        var order = newestFirst.Select((snapshot, i) => (snapshot.Reference, Order: newestFirst.Count - i)).ToDictionary(static pair => pair.Reference, static pair => pair.Order);
        var holds = new SnapshotHolds(vault);
        return [.. snapshots.Select(snapshot => new SnapshotFact
        {
            Id = snapshot.Id,
            DataSet = snapshot.DataSetId,
            Writer = snapshot.Writer,
            ClaimedTime = snapshot.EndedAt.ToDateTimeOffset(),
            StoreTime = snapshot.StoreTime,
            ChainOrder = order[snapshot.Reference],
            IsVerified = snapshot.IsVerified,
            Standing = snapshot.Standing,
            HeldBy = holds.On(snapshot),
        })];
    }
}
