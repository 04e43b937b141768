using System.Globalization;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Retention;

/// <summary>
/// Which snapshots stay. Pure: facts in, plan out, nothing is done. Each rule keeps on its own, and a snapshot stays if any does; more of any rule never
/// removes more. Rules go by series (a data set as one writer makes it), so that a stolen writer takes no place of another's.
/// </summary>
public sealed record RetentionPolicy
{
    /// <summary>Claimed and store times further apart are doubtful: far more than a run needs from its end to its manifest, less than a wrong time zone.</summary>
    public static readonly TimeSpan DefaultClockTolerance = TimeSpan.FromMinutes(45);

    public int? KeepLast { get; init; }

    public int? KeepHourly { get; init; }

    public int? KeepDaily { get; init; }

    public int? KeepWeekly { get; init; }

    public int? KeepMonthly { get; init; }

    public int? KeepYearly { get; init; }

    /// <summary>Everything that is younger than the newest good one by at most so much. Measured from there, nothing runs out while backups do not run, or because a clock is ahead.</summary>
    public TimeSpan? KeepWithin { get; init; }

    /// <summary>Whose days, weeks and months are meant.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Younger ones stay, whatever the rules say; from the vault's policy, by the store's time.</summary>
    public TimeSpan Floor { get; init; }

    public TimeSpan ClockTolerance { get; init; } = DefaultClockTolerance;

    /// <summary>
    /// The user's word that the store's dates are not those of the writing, as in a vault that was copied: then the claimed times count, and only those in the future are doubtful.
    /// </summary>
    public bool TrustsClaimedTime { get; init; }

    /// <summary>The zone of this name.</summary>
    /// <exception cref="RequestException">NoSuchTimeZone.</exception>
    public static TimeZoneInfo ZoneNamed(string name) => TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
        ? zone
        : throw new RequestException(FaultCodes.NoSuchTimeZone, $"This computer knows no time zone '{name}'.");

    /// <summary>To be called before any I/O.</summary>
    /// <exception cref="RequestException">KeepsNothing.</exception>
    public void RequireKeepsSomething()
    {
        (string Name, long? Amount)[] given =
        [
            (nameof(KeepLast), KeepLast), (nameof(KeepHourly), KeepHourly), (nameof(KeepDaily), KeepDaily), (nameof(KeepWeekly), KeepWeekly),
            (nameof(KeepMonthly), KeepMonthly), (nameof(KeepYearly), KeepYearly), (nameof(KeepWithin), KeepWithin?.Ticks),
        ];
        if (given.FirstOrDefault(static rule => rule.Amount <= 0) is { Name: { } name })
        {
            throw new RequestException(FaultCodes.KeepsNothing, $"The rule {name} keeps nothing.");
        }

        if (given.All(static rule => rule.Amount is null))
        {
            throw new RequestException(FaultCodes.KeepsNothing, "No rule says what to keep.");
        }
    }

    /// <summary>Gives every snapshot its reasons to stay, or none.</summary>
    /// <param name="now">By the store's clock.</param>
    /// <exception cref="RequestException">KeepsNothing.</exception>
    public RetentionPlan Plan(IReadOnlyList<SnapshotFact> facts, DateTimeOffset now)
    {
        RequireKeepsSomething();
        var reasons = new ReasonsByFact();
        foreach (var series in facts.GroupBy(static fact => fact.Series))
        {
            Apply(Counting(series, now), reasons);
            Protections.AddNewest(series, this, now, reasons);
        }

        foreach (var fact in facts.Where(fact => IsDoubtful(fact, now)))
        {
            reasons.Add(fact, new KeepReason(KeepReasonKind.ClockDoubtful, $"claims {Shown(fact.ClaimedTime)}, stored {Shown(fact.StoreTime)}: counts for nothing"));
        }

        Protections.AddCommon(facts, this, now, reasons);
        return RetentionPlan.Of(facts, reasons);
    }

    /// <summary>What holds against a removal by name: no rules, but everything that a person cannot overrule here.</summary>
    /// <remarks>The newest verified one is judged for the whole data set: a person may give up what one of several writers made.</remarks>
    public RetentionPlan PlanByName(IReadOnlyList<SnapshotFact> facts, DateTimeOffset now)
    {
        var reasons = new ReasonsByFact();
        foreach (var dataSet in facts.GroupBy(static fact => fact.DataSet))
        {
            Protections.AddNewest(dataSet, this, now, reasons);
        }

        Protections.AddCommon(facts, this, now, reasons);
        return RetentionPlan.Of(facts, reasons);
    }

    /// <summary>Good ones of which the time is certain, newest first: the only ones that fill a place.</summary>
    internal List<SnapshotFact> Counting(IEnumerable<SnapshotFact> facts, DateTimeOffset now) =>
        [.. facts.Where(fact => fact.Standing == SnapshotStanding.Good && !IsDoubtful(fact, now)).OrderByDescending(static fact => fact.ChainOrder)];

    internal bool IsDoubtful(SnapshotFact fact, DateTimeOffset now) => TrustsClaimedTime
        ? fact.ClaimedTime - now > ClockTolerance
        : (fact.ClaimedTime - fact.StoreTime).Duration() > ClockTolerance || fact.StoreTime - now > ClockTolerance;

    private DateTimeOffset TimeOf(SnapshotFact fact) => TrustsClaimedTime ? fact.ClaimedTime : fact.StoreTime;

    private void Apply(List<SnapshotFact> newestFirst, ReasonsByFact reasons)
    {
        foreach (var (fact, number) in newestFirst.Take(KeepLast ?? 0).Select(static (fact, i) => (fact, i + 1)))
        {
            reasons.Add(fact, new KeepReason(KeepReasonKind.Last, string.Create(CultureInfo.InvariantCulture, $"last {number}")));
        }

        foreach (var (fact, reason) in Rules().SelectMany(rule => rule.Choose(newestFirst, fact => TimeZoneInfo.ConvertTime(TimeOf(fact), TimeZone))))
        {
            reasons.Add(fact, reason);
        }

        if (KeepWithin is { } within && newestFirst.Count > 0)
        {
            var newest = newestFirst.Max(TimeOf);
            foreach (var fact in newestFirst.Where(fact => newest - TimeOf(fact) <= within))
            {
                reasons.Add(fact, new KeepReason(KeepReasonKind.Within, $"within {within:c} of the newest"));
            }
        }
    }

    private IEnumerable<KeepRule> Rules() =>
    [
        new(KeepReasonKind.Hourly, KeepHourly ?? 0, KeepRule.HourOf),
        new(KeepReasonKind.Daily, KeepDaily ?? 0, KeepRule.DayOf),
        new(KeepReasonKind.Weekly, KeepWeekly ?? 0, KeepRule.WeekOf),
        new(KeepReasonKind.Monthly, KeepMonthly ?? 0, KeepRule.MonthOf),
        new(KeepReasonKind.Yearly, KeepYearly ?? 0, KeepRule.YearOf),
    ];

    private static string Shown(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);
}
