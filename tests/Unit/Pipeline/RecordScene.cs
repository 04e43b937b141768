using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Records that say whose they are, and the ways of a snapshot of them.</summary>
internal static class RecordScene
{
    internal const string DataSet = "members";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static BackupOptions Options => new() { DataSet = DataSet, HostName = "host" };

    internal static RecordMap Member(int id, string note) => RecordMap.Object(
    [
        new("MemberId", id), new("Name", $"name of {id}"), new("Note", note), new("Joined", new DateOnly(2020, 1, 1).AddDays(id % 1000)), new("Balance", id / 100m),
    ]);

    internal static RecordSpool Spool(string folder, IEnumerable<(string? Subject, object? Record)> records, bool hasSubjects = true)
    {
        var spool = new RecordSpool(Directory.CreateDirectory(folder).FullName, hasSubjects);
        var writer = new RecordWriter();
        foreach (var (subject, record) in records)
        {
            try
            {
                spool.Add(subject, writer.Write(record));
            }
            catch (RequestException refused)
            {
                spool.AddRefused(refused);
            }
        }

        return spool;
    }

    internal static IEnumerable<(string? Subject, object? Record)> Members(int count, int recordsOfEach, string note = "note") =>
        Enumerable.Range(0, recordsOfEach).SelectMany(round => Enumerable.Range(0, count)
            .Select(id => ((string?)id.ToString(CultureInfo.InvariantCulture), (object?)Member(id, $"{note} {round}"))));

    internal static async Task<BackupResult> BackUpAsync(
        UnlockedVault vault, string folder, IEnumerable<(string? Subject, object? Record)> records, bool hasSubjects = true, IEngineSink? sink = null)
    {
        using var spool = Spool(folder, records, hasSubjects);
        return await RecordCorridor.RunAsync(vault, spool, Options, new RunContext(new ProgressCounters(), sink ?? NullSink.Instance), Token);
    }

    internal static async Task<(List<StoredRecord> Records, RecordTally Tally)> ReadAsync(UnlockedVault vault, Snapshot snapshot, string? subject = null)
    {
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, RecordBrowser.WholeSnapshotReadAheadBytes, Token);
        var tally = new RecordTally();
        var records = new List<StoredRecord>();
        await foreach (var record in subject is null ? browser.EnumerateAsync(snapshot, tally, Token) : browser.EnumerateAsync(snapshot, subject, tally, Token))
        {
            records.Add(record);
        }

        return (records, tally);
    }

    /// <summary>Records by subject, each with its bytes, in the order in which they came.</summary>
    internal static Dictionary<string, List<string>> BySubject(IEnumerable<(string? Subject, object? Record)> records)
    {
        var writer = new RecordWriter();
        return records.GroupBy(item => item.Subject ?? string.Empty, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Select(item => Convert.ToHexString(writer.Write(item.Record))).ToList(), StringComparer.Ordinal);
    }

    internal static void RequireSame(IEnumerable<(string? Subject, object? Record)> expected, IEnumerable<StoredRecord> actual)
    {
        var wanted = BySubject(expected);
        var found = BySubject(actual.Select(record => (record.Subject, record.Value)));
        Assert.Equal(wanted.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(wanted, pair => Assert.Equal(pair.Value, found[pair.Key]));
    }
}
