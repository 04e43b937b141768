using System.Globalization;

namespace SecureBackup.Engine.Retention;

/// <summary>
/// Keeps the newest snapshot of each of the newest periods that have one: "the last seven days with a backup", so that nothing runs out while backups do not run.
/// </summary>
/// <param name="PeriodOf">The name of the period in which a local time lies; times of one period are neighbours.</param>
internal sealed record KeepRule(KeepReasonKind Kind, int Count, Func<DateTimeOffset, string> PeriodOf)
{
    /// <summary>The hour that a clock shows twice in autumn is two hours: the offset tells them apart.</summary>
    internal static string HourOf(DateTimeOffset local) => local.ToString("yyyy-MM-dd HH':00'zzz", CultureInfo.InvariantCulture);

    internal static string DayOf(DateTimeOffset local) => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Weeks begin on Monday and belong to the year of their Thursday (ISO 8601).</summary>
    internal static string WeekOf(DateTimeOffset local) =>
        string.Create(CultureInfo.InvariantCulture, $"{ISOWeek.GetYear(local.DateTime):D4}-W{ISOWeek.GetWeekOfYear(local.DateTime):D2}");

    internal static string MonthOf(DateTimeOffset local) => local.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    internal static string YearOf(DateTimeOffset local) => local.ToString("yyyy", CultureInfo.InvariantCulture);

    /// <param name="newestFirst">The snapshots of one series that count.</param>
    internal IEnumerable<(SnapshotFact Fact, KeepReason Reason)> Choose(IReadOnlyList<SnapshotFact> newestFirst, Func<SnapshotFact, DateTimeOffset> localTimeOf)
    {
        var periods = new HashSet<string>(StringComparer.Ordinal);
        foreach (var fact in newestFirst)
        {
            var period = PeriodOf(localTimeOf(fact));
            if (periods.Count < Count && periods.Add(period))
            {
                yield return (fact, new KeepReason(Kind, string.Create(CultureInfo.InvariantCulture, $"{NameOf(Kind)} {period}")));
            }
        }

        // Otherwise "ten yearly ones" would let the first months go before the first year is over.
        if (Count > 0 && periods.Count < Count && newestFirst.Count > 0)
        {
            yield return (newestFirst[^1], new KeepReason(KeepReasonKind.Oldest, $"oldest, while there are fewer than {Count} {NameOf(Kind)} ones"));
        }
    }

    private static string NameOf(KeepReasonKind kind) => kind switch
    {
        KeepReasonKind.Hourly => "hourly",
        KeepReasonKind.Daily => "daily",
        KeepReasonKind.Weekly => "weekly",
        KeepReasonKind.Monthly => "monthly",
        KeepReasonKind.Yearly => "yearly",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
