using System.Diagnostics;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench;

/// <summary>How long a machine that never saw the vault takes until one file is back, with as many daily snapshots and index segments as asked for.</summary>
internal sealed class FirstFileRuns(BenchOptions options)
{
    private readonly string _vault = Path.Combine(options.Folder, "vault");
    private readonly string _key = Path.Combine(options.Folder, "owner.key");
    private int _machines;

    internal async Task<int> RunAsync()
    {
        try
        {
            Console.Error.WriteLine($"Making {options.Days:N0} days in {options.Folder} …");
            var daily = new DailyVault(options.Folder, _vault, _key);
            var first = await daily.MakeAsync(options.Days);
            Console.WriteLine($"{Machine.Describe()}; {options.Days:N0} snapshots, {Directory.EnumerateFiles(_vault, "*", SearchOption.AllDirectories).Count(static path => path.Contains("index", StringComparison.Ordinal)):N0} index segments.");
            Console.WriteLine();
            Console.WriteLine("| one file on an empty machine, the snapshot chosen by | seconds |");
            Console.WriteLine("|---|--:|");
            var (oldest, newest) = (DailyVault.FileOf(0), DailyVault.FileOf(options.Days - 1));
            await MeasureAsync("(the first of this process)", daily, oldest, vault => FindAsync(vault, first));
            await MeasureAsync("its id, the oldest", daily, oldest, vault => FindAsync(vault, first));
            await MeasureAsync("data set, the newest", daily, newest, vault => ChooseAsync(vault, new SnapshotQuery { DataSet = DailyVault.DataSet }));
            await MeasureAsync("data set, the newest, a file of the first day", daily, oldest, vault => ChooseAsync(vault, new SnapshotQuery { DataSet = DailyVault.DataSet }));
            await MeasureAsync("data set and a time, the first year", daily, oldest, vault => ChooseAsync(vault, new SnapshotQuery { DataSet = DailyVault.DataSet, AsOf = DateTimeOffset.UtcNow.AddDays(-options.Days + 300) }));
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

    private static async Task<Snapshot> FindAsync(UnlockedVault vault, SnapshotId id) =>
        await SnapshotCatalog.TryFindAsync(vault, id, CancellationToken.None) ?? throw new InvalidOperationException("The snapshot was not found.");

    private static async Task<Snapshot> ChooseAsync(UnlockedVault vault, SnapshotQuery query) =>
        (await SnapshotCatalog.LoadAsync(vault, CancellationToken.None)).Select(query).First();

    private async Task MeasureAsync(string chosenBy, DailyVault daily, string file, Func<UnlockedVault, Task<Snapshot>> choose)
    {
        var place = Path.Combine(options.Folder, $"restored-{++_machines}");
        var watch = Stopwatch.StartNew();
        using var credential = CredentialFile.Read(_key, NullSink.Instance);
        using (var vault = await (await LockedVault.OpenAsync(LocalTarget.Open(_vault), CancellationToken.None)).UnlockAsync(credential, DailyVault.Context(options.Folder, $"machine-{_machines}"), CancellationToken.None))
        {
            var request = new RestoreRequest(vault.RequireReader(), await choose(vault)) { Include = [$"source/{file}"] };
            await using var destination = FileSystemDestination.Open(place, DestinationOptions.Default);
            await RestoreCorridor.RunAsync(request, destination, RunContext.Unwatched, CancellationToken.None);
        }

        Console.WriteLine($"| {chosenBy} | {watch.Elapsed.TotalSeconds:0.00} |");
        if (!File.ReadAllBytes(Path.Combine(place, "source", file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(daily.Source, file))))
        {
            throw new InvalidOperationException($"'{file}' came back changed.");
        }
    }
}
