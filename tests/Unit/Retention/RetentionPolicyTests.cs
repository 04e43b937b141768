using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Retention;

namespace SecureBackup.Tests.Unit.Retention;

public sealed class RetentionPolicyTests
{
    private static readonly DateTimeOffset Start = FactGen.Start;

    [Fact]
    public void A_year_of_daily_backups_keeps_days_weeks_and_months()
    {
        var facts = Enumerable.Range(0, 365).Select(static day => FactGen.At(Start.AddDays(day).AddHours(2), day)).ToList();
        var plan = new RetentionPolicy { KeepDaily = 7, KeepWeekly = 4, KeepMonthly = 12, KeepYearly = 3 }.Plan(facts, Start.AddDays(365));
        var kept = plan.Snapshots.Where(static planned => !planned.IsExpired).ToList();
        Assert.Equal(7, kept.Count(static planned => planned.Reasons.Any(static reason => reason.Kind == KeepReasonKind.Daily)));
        Assert.Equal(4, kept.Count(static planned => planned.Reasons.Any(static reason => reason.Kind == KeepReasonKind.Weekly)));
        Assert.Equal(12, kept.Count(static planned => planned.Reasons.Any(static reason => reason.Kind == KeepReasonKind.Monthly)));
        Assert.Equal(365, plan.Snapshots.Count);
        Assert.Equal("daily 2026-12-31, weekly 2026-W53, monthly 2026-12, yearly 2026, newest, and none is verified", string.Join(", ", kept[0].Reasons));

        // The first day stays until there are three years; the last of each month stays.
        Assert.Equal("oldest, while there are fewer than 3 yearly ones", Assert.Single(kept[^1].Reasons).Text);
        Assert.Contains(kept, static planned => planned.Fact.StoreTime == Start.AddDays(30).AddHours(2));
        Assert.All(plan.Snapshots.Where(static planned => planned.IsExpired), static planned => Assert.Equal("no rule keeps it", planned.ExpiryText));
    }

    [Fact]
    public void Nothing_runs_out_while_backups_do_not_run()
    {
        var facts = Enumerable.Range(0, 5).Select(static day => FactGen.At(Start.AddDays(day), day)).ToList();
        foreach (var policy in new RetentionPolicy[] { new() { KeepWithin = TimeSpan.FromDays(2) }, new() { KeepDaily = 3 } })
        {
            var soon = policy.Plan(facts, Start.AddDays(5)).Expired.ToList();
            Assert.Equal(soon, policy.Plan(facts, Start.AddYears(5)).Expired);
            Assert.Equal(2, soon.Count);
        }
    }

    [Fact]
    public void Days_are_those_of_the_zone_and_the_hour_that_comes_twice_is_two()
    {
        var berlin = RetentionPolicy.ZoneNamed("Europe/Berlin");
        var autumn = new DateTimeOffset(2026, 10, 25, 0, 30, 0, TimeSpan.Zero);
        var facts = new[] { FactGen.At(autumn, 0), FactGen.At(autumn.AddHours(1), 1), FactGen.At(autumn.AddHours(22).AddMinutes(45), 2) };
        var hours = new RetentionPolicy { KeepHourly = 9, TimeZone = berlin }.Plan(facts, autumn.AddDays(1));
        Assert.Equal(
            ["hourly 2026-10-26 00:00+01:00", "hourly 2026-10-25 02:00+01:00", "hourly 2026-10-25 02:00+02:00"],
            hours.Snapshots.Select(static planned => planned.Reasons[0].Text));
        Assert.Equal([0], Removed(new RetentionPolicy { KeepDaily = 1, TimeZone = berlin }, facts[..2], autumn.AddDays(1)));
        Assert.Equal([0, 1], Removed(new RetentionPolicy { KeepDaily = 1 }, facts, autumn.AddDays(1)));
        Assert.Equal([0], Removed(new RetentionPolicy { KeepDaily = 2, TimeZone = berlin }, facts, autumn.AddDays(1)));
    }

    [Fact]
    public void A_snapshot_of_the_future_fills_no_place_and_stays()
    {
        var facts = new[]
        {
            FactGen.At(Start, 0),
            FactGen.At(Start.AddDays(1), 1),
            FactGen.At(Start.AddDays(2), 2) with { ClaimedTime = Start.AddYears(9) },
            FactGen.At(Start.AddDays(3), 3) with { ClaimedTime = Start.AddYears(-9) },
        };
        var plan = new RetentionPolicy { KeepLast = 1, KeepWithin = TimeSpan.FromHours(1) }.Plan(facts, Start.AddDays(4));
        Assert.Equal([0], plan.Snapshots.Where(static planned => planned.IsExpired).Select(static planned => planned.Fact.ChainOrder));
        Assert.Equal("claims 2035-01-01 00:00Z, stored 2026-01-03 00:00Z: counts for nothing", plan.Snapshots[1].Reasons[0].Text);

        // A person may remove it by name; that is how it goes.
        var byName = RetentionPolicyByName().PlanByName(facts, Start.AddDays(4));
        Assert.Contains(facts[2].Id, byName.Expired);
        Assert.DoesNotContain(facts[1].Id, byName.Expired);
    }

    [Fact]
    public void In_a_copied_vault_claimed_times_count_at_the_users_word()
    {
        var copied = Start.AddYears(1);
        var facts = Enumerable.Range(0, 4).Select(day => FactGen.At(Start.AddDays(day), day) with { StoreTime = copied }).ToList();
        Assert.Empty(new RetentionPolicy { KeepDaily = 2 }.Plan(facts, copied.AddDays(1)).Expired);
        Assert.Equal([0, 1], Removed(new RetentionPolicy { KeepDaily = 2, KeepWithin = TimeSpan.FromDays(1), TrustsClaimedTime = true }, facts, copied));
        facts[3] = facts[3] with { ClaimedTime = copied.AddYears(1) };
        Assert.Equal([0], Removed(new RetentionPolicy { KeepLast = 2, TrustsClaimedTime = true }, facts, copied.AddDays(1)));
    }

    [Fact]
    public void A_newer_verified_one_frees_the_older()
    {
        var facts = new[] { FactGen.At(Start, 0, isVerified: true), FactGen.At(Start.AddDays(1), 1), FactGen.At(Start.AddDays(2), 2) };
        var policy = new RetentionPolicy { KeepLast = 1 };
        Assert.Equal([1], Removed(policy, facts, Start.AddDays(3)));
        facts[2] = facts[2] with { IsVerified = true };
        Assert.Equal([0, 1], Removed(policy, facts, Start.AddDays(3)));
    }

    [Fact]
    public void A_rejected_one_goes_unless_it_is_all_there_is()
    {
        var bad = FactGen.At(Start.AddDays(1), 1, isVerified: true) with { Standing = SnapshotStanding.Rejected };
        var policy = new RetentionPolicy { KeepLast = 5 };
        Assert.Equal("rejected, and nothing holds it", Assert.Single(policy.Plan([FactGen.At(Start, 0), bad], Start.AddDays(2)).Snapshots, static planned => planned.IsExpired).ExpiryText);
        Assert.Empty(policy.Plan([bad], Start.AddDays(2)).Expired);
    }

    [Fact]
    public void A_rule_that_keeps_nothing_is_an_error_of_the_caller()
    {
        foreach (var policy in new RetentionPolicy[]
        {
            new(),
            new() { KeepLast = 0 },
            new() { KeepLast = 0, KeepDaily = 7 },
            new() { KeepYearly = -1 },
            new() { KeepWithin = TimeSpan.Zero, KeepLast = 1 },
        })
        {
            Assert.Equal(FaultCodes.KeepsNothing, Assert.Throws<RequestException>(policy.RequireKeepsSomething).Code);
            Assert.Equal(FaultCodes.KeepsNothing, Assert.Throws<RequestException>(() => policy.Plan([], Start)).Code);
        }

        Assert.Equal(FaultCodes.NoSuchTimeZone, Assert.Throws<RequestException>(static () => RetentionPolicy.ZoneNamed("Middle/Earth")).Code);
    }

    private static RetentionPolicy RetentionPolicyByName() => new();

    private static IEnumerable<int> Removed(RetentionPolicy policy, IReadOnlyList<SnapshotFact> facts, DateTimeOffset now) =>
        policy.Plan(facts, now).Snapshots.Where(static planned => planned.IsExpired).Select(static planned => planned.Fact.ChainOrder).Order();
}
