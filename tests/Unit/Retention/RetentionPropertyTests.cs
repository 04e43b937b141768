using CsCheck;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;

namespace SecureBackup.Tests.Unit.Retention;

public sealed class RetentionPropertyTests
{
    private const int Cases = 4_000;

    [Fact]
    public void More_of_any_rule_never_removes_more() => Gen.Select(FactGen.Facts(), FactGen.Policies, Gen.Int[0, 6], Gen.Int[1, 5]).Sample(
        static (facts, policy, rule, more) => Assert.Subset(Expired(policy, facts), Expired(Widened(policy, rule, more), facts)), iter: Cases, threads: 1);

    [Fact]
    public void What_a_plan_leaves_the_same_plan_leaves_again() => Gen.Select(FactGen.Facts(), FactGen.Policies).Sample(
        static (facts, policy) =>
        {
            var expired = Expired(policy, facts);
            Assert.Empty(Expired(policy, [.. facts.Where(fact => !expired.Contains(fact.Id))]));
        },
        iter: Cases,
        threads: 1);

    [Fact]
    public void The_newest_verified_of_every_series_stays_and_where_none_is_the_newest() => Gen.Select(FactGen.Facts(), FactGen.Policies).Sample(
        static (facts, policy) =>
        {
            var expired = Expired(policy, facts);
            foreach (var series in facts.GroupBy(static fact => fact.Series))
            {
                var counting = policy.Counting(series, FactGen.Now);
                var newest = counting.FirstOrDefault(static fact => fact.IsVerified) ?? counting.FirstOrDefault() 
                    ?? series.OrderBy(fact => policy.IsDoubtful(fact, FactGen.Now)).ThenByDescending(static fact => fact.ChainOrder).First();
                Assert.DoesNotContain(newest.Id, expired);
            }
        },
        iter: Cases,
        threads: 1);

    [Fact]
    public void No_writer_evicts_what_another_made() => Gen.Select(FactGen.Facts(), FactGen.FactsOfThief(), FactGen.Policies).Sample(
        static (facts, thief, policy) =>
        {
            // The thief's snapshots also take places in the order, before, between and after the others.
            var together = FactGen.Ordered(facts.Concat(thief));
            var others = facts.Select(static fact => fact.Id).ToHashSet();
            others.IntersectWith(Expired(policy, together));
            Assert.Subset(Expired(policy, facts), others);
        },
        iter: Cases,
        threads: 1);

    [Fact]
    public void A_forged_date_evicts_nobody_and_leaves_itself_in_place() => Gen.Select(FactGen.Facts(), FactGen.Policies, Gen.Int[46, 5_000_000], Gen.Bool, Gen.Int[0, 39]).Sample(
        static (facts, policy, minutes, isAhead, at) =>
        {
            if (facts.Length == 0)
            {
                return;
            }

            var model = facts[at % facts.Length];
            var forged = model with { Id = new SnapshotId(Id256.Random()), ClaimedTime = model.StoreTime.AddMinutes(isAhead ? minutes : -minutes), Standing = SnapshotStanding.Good, IsVerified = true };
            var expired = Expired(policy, FactGen.Ordered(facts.Append(forged)));
            Assert.Subset(Expired(policy, facts), expired);
            Assert.DoesNotContain(forged.Id, expired);
        },
        iter: Cases,
        threads: 1);

    [Fact]
    public void Holds_the_floor_and_a_suspect_stop_every_rule_and_every_name() => Gen.Select(FactGen.Facts(), FactGen.Policies).Sample(
        static (facts, policy) =>
        {
            var suspect = facts.Where(static fact => fact.Standing == SnapshotStanding.Suspect).Select(static fact => fact.DataSet).ToHashSet();
            var byName = policy.PlanByName(facts, FactGen.Now).Expired.ToHashSet();
            var expired = Expired(policy, facts);
            foreach (var fact in facts.Where(fact => fact.HeldBy.Count > 0 || FactGen.Now - fact.StoreTime < policy.Floor || suspect.Contains(fact.DataSet)))
            {
                Assert.DoesNotContain(fact.Id, expired);
                Assert.DoesNotContain(fact.Id, byName);
            }
        },
        iter: Cases,
        threads: 1);

    [Fact]
    public void A_clock_that_runs_ahead_removes_nothing_more_but_what_the_floor_held() => Gen.Select(FactGen.Facts(), FactGen.Policies, Gen.Int[1, 100_000]).Sample(
        static (facts, policy, days) =>
        {
            var rules = policy with { Floor = TimeSpan.Zero };
            Assert.Equal(Expired(rules, facts), [.. rules.Plan(facts, FactGen.Now.AddDays(days)).Expired]);
        },
        iter: Cases,
        threads: 1);

    [Fact]
    public void Rejected_and_suspect_ones_neither_count_nor_evict() => Gen.Select(FactGen.Facts(), FactGen.Policies).Sample(
        static (facts, policy) =>
        {
            SnapshotFact[] sound = [.. facts.Where(static fact => fact.Standing == SnapshotStanding.Good)];
            var rejected = facts.Select(static fact => fact.Standing == SnapshotStanding.Good ? fact : fact with { Standing = SnapshotStanding.Rejected }).ToArray();
            var expired = Expired(policy, rejected);
            expired.IntersectWith(sound.Select(static fact => fact.Id));
            Assert.Equal(Expired(policy, sound), expired);
        },
        iter: Cases,
        threads: 1);

    private static HashSet<SnapshotId> Expired(RetentionPolicy policy, IReadOnlyList<SnapshotFact> facts) => [.. policy.Plan(facts, FactGen.Now).Expired];

    private static RetentionPolicy Widened(RetentionPolicy policy, int rule, int more) => rule switch
    {
        0 => policy with { KeepLast = (policy.KeepLast ?? 0) + more },
        1 => policy with { KeepHourly = (policy.KeepHourly ?? 0) + more },
        2 => policy with { KeepDaily = (policy.KeepDaily ?? 0) + more },
        3 => policy with { KeepWeekly = (policy.KeepWeekly ?? 0) + more },
        4 => policy with { KeepMonthly = (policy.KeepMonthly ?? 0) + more },
        5 => policy with { KeepYearly = (policy.KeepYearly ?? 0) + more },
        _ => policy with { KeepWithin = (policy.KeepWithin ?? TimeSpan.Zero) + TimeSpan.FromDays(more) },
    };
}
