using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Picks snapshots from a catalogue, which has them newest first, by what cmdlets offer for that.</summary>
internal static class SnapshotChoice
{
    /// <summary>The snapshots whose data set and tags match the patterns; null or empty patterns match all.</summary>
    public static IEnumerable<Snapshot> Matching(IEnumerable<Snapshot> snapshots, string? dataSet, IReadOnlyList<string>? tags)
    {
        var dataSetPattern = dataSet is null ? null : Pattern(dataSet);
        var tagPatterns = (tags ?? []).Select(Pattern).ToList();
        return snapshots.Where(snapshot =>
            (dataSetPattern is null || dataSetPattern.IsMatch(snapshot.DataSet))
            && tagPatterns.All(pattern => snapshot.Tags.Any(pattern.IsMatch)));
    }

    /// <summary>
    /// The newest snapshot that counts and started at or before <paramref name="asOf"/>, of one data set. Newer ones that are suspect or rejected are passed over, and that is said: nobody
    /// gets what looks wrong without asking for it.
    /// </summary>
    /// <param name="sink">Is told what was passed over.</param>
    public static Snapshot RequireNewest(SnapshotCatalog catalog, string? dataSet, DateTimeOffset? asOf, IEngineSink sink)
    {
        var fitting = Matching(catalog.Snapshots, dataSet, null)
            .Where(snapshot => asOf is not { } limit || snapshot.StartedAt.ToDateTimeOffset() <= limit)
            .ToList();
        var dataSets = fitting.Select(snapshot => snapshot.DataSet).Distinct(StringComparer.Ordinal).ToList();
        return dataSets.Count switch
        {
            0 => throw new RequestException(FaultCodes.NoSnapshotFound, NothingFits(catalog, dataSet, asOf)),
            1 => RequireGood(fitting, sink),
            _ => throw new RequestException(FaultCodes.DataSetNotNamed, $"The snapshots that fit belong to the data sets {string.Join(", ", dataSets)}."),
        };
    }

    /// <summary>The newest that counts: what "the newest" means wherever content is taken out of a vault. Null where none counts.</summary>
    public static Snapshot? NewestGood(IEnumerable<Snapshot> newestFirst) =>
        newestFirst.FirstOrDefault(static snapshot => snapshot.Standing == SnapshotStanding.Good);

    /// <summary>
    /// Of each data set the newest, and where that one does not count the newest that does as well: who looks after a vault wants to know of what came last, and of what a restore
    /// would take.
    /// </summary>
    public static IEnumerable<Snapshot> NewestAndGoodOfEach(IEnumerable<Snapshot> newestFirst) => newestFirst
        .GroupBy(static snapshot => snapshot.DataSet, StringComparer.Ordinal)
        .SelectMany(static own => new[] { own.First(), NewestGood(own) }.OfType<Snapshot>().Distinct());

    private static Snapshot RequireGood(List<Snapshot> newestFirst, IEngineSink sink)
    {
        var good = NewestGood(newestFirst)
            ?? throw new RequestException(FaultCodes.NoGoodSnapshot, $"Of '{newestFirst[0].DataSet}' there is no snapshot that counts; the newest, {newestFirst[0].Id}, is {newestFirst[0].Standing}.");
        foreach (var passed in newestFirst.TakeWhile(snapshot => snapshot != good))
        {
            sink.Report(new BackupEvent(
                EventSeverity.Warning,
                $"The snapshot {Display.ShortId(passed.Id.ToString())} of {Display.Time(passed.StartedAt.ToDateTimeOffset())} is {passed.Standing} and passed over; the one of {Display.Time(good.StartedAt.ToDateTimeOffset())} is taken. Name it with -Snapshot if you want it.",
                null));
        }

        return good;
    }

    private static WildcardPattern Pattern(string text) => WildcardPattern.Get(text, WildcardOptions.IgnoreCase);

    private static string NothingFits(SnapshotCatalog catalog, string? dataSet, DateTimeOffset? asOf)
    {
        var of = dataSet is null ? string.Empty : $" of the data set '{dataSet}'";
        var until = asOf is { } limit ? $" at or before {limit:u}" : string.Empty;
        return $"The vault holds {catalog.Snapshots.Count} snapshots, none{of}{until}.";
    }
}
