using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Retention;

/// <param name="Reasons">Why it stays; none means that it may go.</param>
public sealed record PlannedSnapshot(SnapshotFact Fact, IReadOnlyList<KeepReason> Reasons)
{
    public bool IsExpired => Reasons.Count == 0;

    /// <summary>Why it may go, for people.</summary>
    public string ExpiryText => Fact.Standing == SnapshotStanding.Rejected ? "rejected, and nothing holds it" : "no rule keeps it";
}

/// <summary>What is to become of each snapshot, newest first. Carrying it out is another step.</summary>
public sealed record RetentionPlan(IReadOnlyList<PlannedSnapshot> Snapshots)
{
    public IEnumerable<SnapshotId> Expired => Snapshots.Where(static planned => planned.IsExpired).Select(static planned => planned.Fact.Id);

    internal static RetentionPlan Of(IReadOnlyList<SnapshotFact> facts, ReasonsByFact reasons) =>
        new([.. facts.OrderByDescending(static fact => fact.ChainOrder).Select(fact => new PlannedSnapshot(fact, reasons.Of(fact)))]);
}
