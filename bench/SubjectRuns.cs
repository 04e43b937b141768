using System.Diagnostics;
using System.Globalization;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Bench;

/// <summary>Customers of one record each: how long a backup of them takes and how much memory, and how long it takes to find one of them in all snapshots.</summary>
internal static class SubjectRuns
{
    private const string Changing = "4711";

    /// <summary>Backups that go through everybody; further days see one customer's change alone, see <see cref="SubjectDay"/>.</summary>
    private const int TakenWhole = 2;

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
            await BackUpAllAsync(vault, options);
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

    private static async Task BackUpAllAsync(UnlockedVault vault, BenchOptions options)
    {
        Snapshot? last = null;
        for (var day = 0; day < Math.Min(options.Snapshots, TakenWhole); day++)
        {
            var watch = Stopwatch.StartNew();
            last = await BackUpAsync(vault, options.Subjects, day);
            Print(day == 0 ? "first backup" : $"backup {day + 1}, one customer changed", watch.Elapsed);
        }

        var change = await SubjectDay.AfterAsync(vault, last!, Changing);
        for (var day = TakenWhole; day < options.Snapshots; day++)
        {
            last = await change.BackUpAsync(vault, last!, RecordOf(int.Parse(Changing, CultureInfo.InvariantCulture), day));
        }
    }

    private static async Task<Snapshot> BackUpAsync(UnlockedVault vault, int subjects, int day)
    {
        using var spool = new RecordSpool(Path.GetTempPath(), hasSubjects: true);
        for (var i = 0; i < subjects; i++)
        {
            spool.Add(i.ToString(CultureInfo.InvariantCulture), RecordOf(i, day));
        }

        var result = await RecordCorridor.RunAsync(vault, spool, new BackupOptions { DataSet = "members", HostName = "bench" }, RunContext.Unwatched, CancellationToken.None);
        Require(result.Snapshot.Summary.SubjectCount == subjects, $"{result.Snapshot.Summary.SubjectCount} customers were stored.");
        return result.Snapshot;
    }

    private static byte[] RecordOf(int customer, int day) => new RecordWriter().Write(RecordMap.Object(
    [
        new("MemberId", customer), new("Name", $"Name of customer {customer}"), new("Street", $"{customer % 200} Main Street"), new("Joined", new DateOnly(2020, 1, 1).AddDays(customer % 2000)),
        new("Balance", customer / 100m), new("Note", string.Equals(customer.ToString(CultureInfo.InvariantCulture), Changing, StringComparison.Ordinal) ? $"day {day}" : "as ever"),
    ])).ToArray();

    private static async Task FindAsync(UnlockedVault vault, BenchOptions options)
    {
        var watch = Stopwatch.StartNew();
        var catalog = await SnapshotCatalog.LoadAsync(vault, CancellationToken.None);
        var now = DateTimeOffset.UtcNow;
        var (package, _) = await SubjectExport.RunAsync(
            vault.RequireReader(), catalog.Snapshots, new SubjectPackage(Guid.NewGuid(), Changing, vault.Id, now, now.AddDays(30), [], []), Path.Combine(options.Folder, "package.zip"), NullSink.Instance, CancellationToken.None);
        Print($"package of one customer ({package.Versions.Count} versions) from {catalog.Snapshots.Count} snapshots", watch.Elapsed);
        Require(package.Versions.Count == options.Snapshots, $"{package.Versions.Count} versions were found.");
        if (options.Snapshots > TakenWhole)
        {
            await EraseAsync(vault, catalog.Snapshots[0]);
            return;
        }

        await RestoreAsync(vault, catalog.Snapshots[0], options.Subjects);
    }

    private static async Task EraseAsync(UnlockedVault vault, Snapshot newest)
    {
        var watch = Stopwatch.StartNew();
        var request = new ErasureRequest { Subjects = [vault.Keys.PseudonymOf(Changing)], Reason = "a measurement" };
        var outcomes = await new SubjectEraser(vault.RequireReader()).EraseAsync(request, CancellationToken.None);
        Print("erase her", watch.Elapsed);
        Require(outcomes.All(static outcome => outcome is { State: ErasureState.Erased, KeysDestroyed: 1 }), "She was not erased.");
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, 0, CancellationToken.None);
        Require((await browser.HistoryAsync([newest], Changing, new RecordTally(), CancellationToken.None)).Count == 0, "She is still there.");
    }

    private static async Task RestoreAsync(UnlockedVault vault, Snapshot newest, int subjects)
    {
        var watch = Stopwatch.StartNew();
        var tally = new RecordTally();
        using var whole = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, RecordBrowser.WholeSnapshotReadAheadBytes, CancellationToken.None);
        await foreach (var record in whole.EnumerateAsync(newest, tally, CancellationToken.None))
        {
            Require(record.Value is RecordMap, "A record came back as something else.");
        }

        Print("restore of the newest snapshot", watch.Elapsed);
        Require(tally.Records == subjects && tally.Faults.Count == 0, $"{tally.Records} records came back.");
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
