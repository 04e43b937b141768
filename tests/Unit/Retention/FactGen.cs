using CsCheck;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;

namespace SecureBackup.Tests.Unit.Retention;

/// <summary>Snapshots as a vault may hold them, honest and forged, and policies. CsCheck prints the seed of what fails.</summary>
internal static class FactGen
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly DateTimeOffset Now = Start.AddYears(4);

    public static readonly Gen<RetentionPolicy> Policies =
        from last in Gen.Int[0, 4]
        from hourly in Gen.Int[0, 4]
        from daily in Gen.Int[0, 5]
        from weekly in Gen.Int[0, 4]
        from monthly in Gen.Int[0, 4]
        from yearly in Gen.Int[0, 3]
        from within in Gen.Int[0, 60]
        from floor in Gen.Frequency((3, Gen.Const(0)), (1, Gen.Const(300)), (1, Gen.Const(900)))
        from zone in Gen.Frequency((1, Gen.Const("UTC")), (1, Gen.Const("Europe/Berlin")), (1, Gen.Const("America/St_Johns")), (1, Gen.Const("Pacific/Apia")))
        select new RetentionPolicy
        {
            KeepLast = OrNull(last),
            KeepHourly = OrNull(hourly),
            KeepDaily = OrNull(daily),
            KeepWeekly = OrNull(weekly),
            KeepMonthly = OrNull(monthly),
            KeepYearly = yearly + last + hourly + daily + weekly + monthly + within == 0 ? 1 : OrNull(yearly),
            KeepWithin = within == 0 ? null : TimeSpan.FromDays(within),
            Floor = TimeSpan.FromDays(floor),
            TimeZone = RetentionPolicy.ZoneNamed(zone),
        };

    private static readonly Gen<(int Days, int Minutes, int Skew, bool IsVerified, SnapshotStanding Standing, bool IsHeld)> Moments = Gen.Select(
        Gen.Int[0, 1200],
        Gen.Int[0, 1439],
        Gen.Frequency((9, Gen.Const(0)), (1, Gen.Int[-2_000_000, 2_000_000])),
        Gen.Bool,
        Gen.Frequency((12, Gen.Const(SnapshotStanding.Good)), (2, Gen.Const(SnapshotStanding.Rejected)), (1, Gen.Const(SnapshotStanding.Suspect))),
        Gen.Frequency((15, Gen.Const(false)), (1, Gen.Const(true))));

    /// <summary>Of two data sets and three writers, in the order in which the store got them.</summary>
    public static Gen<SnapshotFact[]> Facts(int max = 40) => Gen.Select(Moments, Gen.Int[0, 1], Gen.Int[0, 2]).Array[0, max].Select(static drawn => Ordered(
        drawn.Select(static item => FactOf(item.Item1, item.Item2, item.Item3))));

    /// <summary>Of one writer who is nobody else.</summary>
    public static Gen<SnapshotFact[]> FactsOfThief() => Gen.Select(Moments, Gen.Int[0, 1]).Array[0, 20].Select(static drawn => drawn.Select(static item => FactOf(item.Item1, item.Item2, 9)).ToArray());

    public static SnapshotFact[] Ordered(IEnumerable<SnapshotFact> facts) =>
        [.. facts.OrderBy(static fact => fact.StoreTime).ThenBy(static fact => fact.Id.Value).Select(static (fact, i) => fact with { ChainOrder = i })];

    public static SnapshotFact At(DateTimeOffset time, int order, bool isVerified = false) => new()
    {
        Id = new SnapshotId(Id256.Random()),
        DataSet = new DataSetId(IdOf(1)),
        Writer = new MemberId(IdOf(1)),
        ClaimedTime = time,
        StoreTime = time,
        ChainOrder = order,
        IsVerified = isVerified,
    };

    private static SnapshotFact FactOf(
        (int Days, int Minutes, int Skew, bool IsVerified, SnapshotStanding Standing, bool IsHeld) moment, int dataSet, int writer)
    {
        var time = Start.AddDays(moment.Days).AddMinutes(moment.Minutes);
        return At(time, 0, moment.IsVerified) with
        {
            DataSet = new DataSetId(IdOf((byte)(dataSet + 1))),
            Writer = new MemberId(IdOf((byte)(writer + 1))),
            ClaimedTime = time.AddMinutes(moment.Skew),
            Standing = moment.Standing,
            HeldBy = moment.IsHeld ? ["case 7 (Ada)"] : [],
        };
    }

    private static int? OrNull(int count) => count == 0 ? null : count;

    private static Id256 IdOf(byte digit) => Id256.Read([.. Enumerable.Repeat(digit, Id256.SizeBytes)]);
}
