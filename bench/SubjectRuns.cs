using System.Diagnostics;
using System.Globalization;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench;

/// <summary>Customers of one record each: how long a backup of them takes and how much memory, and how long it takes to find one of them in all snapshots.</summary>
internal static class SubjectRuns
{
    private const string Changing = "4711";

    internal static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            var folder = Directory.CreateDirectory(options.Folder).FullName;
            var context = new UnlockContext(HostState.For(Path.Combine(folder, "host")), NullSink.Instance, TimeProvider.System);
            using var vault = await VaultCreator.CreateAsync(
                LocalTarget.Create(Directory.CreateDirectory(Path.Combine(folder, "vault")).FullName), new VaultCreation { KeyFilePath = Path.Combine(folder, "owner.key") }, context, CancellationToken.None);
            Console.WriteLine($"{Machine.Describe()}; {options.Subjects:N0} customers, {options.Snapshots} snapshots.");
            Console.WriteLine();
            Console.WriteLine("| run | seconds | peak memory so far |");
            Console.WriteLine("|---|--:|--:|");
            var watch = Stopwatch.StartNew();
            for (var day = 0; day < options.Snapshots; day++)
            {
                var elapsed = await BackUpAsync(vault, options.Subjects, day);
                if (day < 2 || day == options.Snapshots - 1)
                {
                    Print(day == 0 ? "first backup" : $"backup {day + 1}, one customer changed", elapsed);
                }
            }

            Print("all backups", watch.Elapsed);
            await FindAsync(vault, options);
            return 0;
        }
        finally
        {
            if (!options.KeepsFolder && Directory.Exists(options.Folder))
            {
                Directory.Delete(options.Folder, recursive: true);
            }
        }
    }

    private static async Task<TimeSpan> BackUpAsync(UnlockedVault vault, int subjects, int day)
    {
        var watch = Stopwatch.StartNew();
        using var spool = new RecordSpool(Path.GetTempPath(), hasSubjects: true);
        var writer = new RecordWriter();
        for (var i = 0; i < subjects; i++)
        {
            var subject = i.ToString(CultureInfo.InvariantCulture);
            var note = string.Equals(subject, Changing, StringComparison.Ordinal) ? $"day {day}" : "as ever";
            spool.Add(subject, writer.Write(RecordMap.Object(
            [
                new("MemberId", i), new("Name", $"Name of customer {i}"), new("Street", $"{i % 200} Main Street"), new("Joined", new DateOnly(2020, 1, 1).AddDays(i % 2000)),
                new("Balance", i / 100m), new("Note", note),
            ])));
        }

        var result = await RecordCorridor.RunAsync(vault, spool, new BackupOptions { DataSet = "members", HostName = "bench" }, RunContext.Unwatched, CancellationToken.None);
        Require(result.Snapshot.Summary.SubjectCount == subjects, $"{result.Snapshot.Summary.SubjectCount} customers were stored.");
        return watch.Elapsed;
    }

    private static async Task FindAsync(UnlockedVault vault, BenchOptions options)
    {
        var watch = Stopwatch.StartNew();
        var catalog = await SnapshotCatalog.LoadAsync(vault, CancellationToken.None);
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, 0, CancellationToken.None);
        Print("open catalogue, keyring and index", watch.Elapsed);
        watch.Restart();
        var versions = await browser.HistoryAsync(catalog.Snapshots, Changing, new RecordTally(), CancellationToken.None);
        Print($"every version of one customer ({versions.Count}) from {catalog.Snapshots.Count} snapshots", watch.Elapsed);
        Require(versions.Count == options.Snapshots, $"{versions.Count} versions were found.");
        watch.Restart();
        var tally = new RecordTally();
        using var whole = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, RecordBrowser.WholeSnapshotReadAheadBytes, CancellationToken.None);
        await foreach (var record in whole.EnumerateAsync(catalog.Snapshots[0], tally, CancellationToken.None))
        {
            Require(record.Value is RecordMap, "A record came back as something else.");
        }

        Print("restore of the newest snapshot", watch.Elapsed);
        Require(tally.Records == options.Subjects && tally.Faults.Count == 0, $"{tally.Records} records came back.");
    }

    private static void Print(string run, TimeSpan elapsed) => Console.WriteLine($"| {run} | {elapsed.TotalSeconds:0.0} | {Machine.PeakBytes() >> 20} MiB |");

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
