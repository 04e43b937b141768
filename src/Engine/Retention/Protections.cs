using System.Globalization;

namespace SecureBackup.Engine.Retention;

/// <summary>What keeps a snapshot whatever the rules say.</summary>
internal static class Protections
{
    /// <summary>
    /// The newest that was found restorable; where there is none, the newest that counts; where none counts, the newest of which at least the time is certain, since a
    /// forged one must not take its place either: a series never becomes empty.
    /// </summary>
    /// <param name="all">Of a series, or of a data set.</param>
    internal static void AddNewest(IEnumerable<SnapshotFact> all, RetentionPolicy policy, DateTimeOffset now, ReasonsByFact reasons)
    {
        var counting = policy.Counting(all, now);
        if (counting.FirstOrDefault(static fact => fact.IsVerified) is { } verified)
        {
            reasons.Add(verified, new KeepReason(KeepReasonKind.NewestVerified, "newest verified"));
        }
        else if ((counting.FirstOrDefault()
            ?? all.OrderBy(fact => policy.IsDoubtful(fact, now)).ThenByDescending(static fact => fact.ChainOrder).FirstOrDefault()) is { } newest)
        {
            reasons.Add(newest, new KeepReason(KeepReasonKind.NewestUnverified, "newest, and none is verified"));
        }
    }

    internal static void AddCommon(IReadOnlyList<SnapshotFact> facts, RetentionPolicy policy, DateTimeOffset now, ReasonsByFact reasons)
    {
        var frozen = facts.Where(static fact => fact.Standing == SnapshotStanding.Suspect).Select(static fact => fact.DataSet).ToHashSet();
        foreach (var fact in facts)
        {
            foreach (var hold in fact.HeldBy)
            {
                reasons.Add(fact, new KeepReason(KeepReasonKind.LegalHold, $"legal hold: {hold}"));
            }

            if (now - fact.StoreTime < policy.Floor)
            {
                reasons.Add(fact, new KeepReason(
                    KeepReasonKind.RetentionFloor, string.Create(CultureInfo.InvariantCulture, $"younger than the vault's retention floor of {policy.Floor.TotalDays:0.##} days")));
            }

            if (frozen.Contains(fact.DataSet))
            {
                reasons.Add(fact, new KeepReason(
                    KeepReasonKind.DataSetFrozen,
                    fact.Standing == SnapshotStanding.Suspect ? "suspect, and nobody has decided" : "frozen: a suspect snapshot of the data set waits for a decision"));
            }
        }
    }
}

/// <summary>Reasons as they are found.</summary>
internal sealed class ReasonsByFact
{
    private readonly Dictionary<SnapshotFact, List<KeepReason>> _reasons = new(ReferenceEqualityComparer.Instance);

    internal void Add(SnapshotFact fact, KeepReason reason)
    {
        if (!_reasons.TryGetValue(fact, out var list))
        {
            _reasons.Add(fact, list = []);
        }

        list.Add(reason);
    }

    internal IReadOnlyList<KeepReason> Of(SnapshotFact fact) => _reasons.GetValueOrDefault(fact) ?? (IReadOnlyList<KeepReason>)[];
}
