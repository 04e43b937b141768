using System.Diagnostics;
using System.Globalization;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>
/// How much of a vault is looked at until the first file is back on a machine that never saw it: requests are counted, since they are what a vault's size costs, whatever
/// the store.
/// </summary>
public sealed class FirstFileTests(ITestOutputHelper output)
{
    private static readonly int Snapshots = int.Parse(Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_SNAPSHOTS") ?? "90", CultureInfo.InvariantCulture);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_named_snapshots_own_file_costs_the_same_however_many_snapshots_there_are()
    {
        using var scene = await PipelineScene.CreateAsync();
        var early = await GrowAsync(scene, 0, Snapshots / 3);
        var few = await CountAsync(scene, early, $"day-{(Snapshots / 3) - 1:D5}");
        var late = await GrowAsync(scene, Snapshots / 3, Snapshots);
        var many = await CountAsync(scene, late, $"day-{Snapshots - 1:D5}");
        var again = await CountAsync(scene, early, $"day-{(Snapshots / 3) - 1:D5}");
        var oldest = await CountAsync(scene, late, "day-00000");

        output.WriteLine($"{Snapshots} snapshots and segments: own file {few} then {many}, of the early snapshot {again}, oldest file {oldest}");
        Assert.InRange(again.Reads, 1, 40);
        Assert.InRange(many.Reads, 1, few.Reads + 2);
        Assert.InRange(many.Reads, 1, 40);
        Assert.InRange(oldest.Reads, 1, Snapshots + 40);
        Assert.InRange(many.Lists, 1, 4);
    }

    [Fact]
    public async Task A_snapshot_that_is_found_without_the_others_is_judged_as_with_them()
    {
        using var scene = await PipelineScene.CreateAsync();
        var backup = await GrowAsync(scene, 0, 2);
        using var vault = await scene.UnlockAsync();

        var alone = await SnapshotCatalog.TryFindAsync(vault, backup.Snapshot.Id, Token);
        var whole = (await SnapshotCatalog.LoadAsync(vault, Token)).Resolve(backup.Snapshot.Id.ToString());

        Assert.Equal(whole.Reference, alone!.Reference);
        Assert.Null(await SnapshotCatalog.TryFindAsync(vault, new SnapshotId(default), Token));
    }

    private static async Task<BackupResult> GrowAsync(PipelineScene scene, int from, int to)
    {
        BackupResult? last = null;
        using var vault = await scene.UnlockAsync();
        for (var day = from; day < to; day++)
        {
            scene.WriteRandom($"day-{day:D5}", 2000, day);
            last = await scene.BackUpAsync(vault);
        }

        return last!;
    }

    private static async Task<Requests> CountAsync(PipelineScene scene, BackupResult backup, string file)
    {
        using var destination = new TempFolder();
        var (target, requests) = (scene.Target, new Requests());
        Directory.Delete(scene.HostPath, recursive: true);
        var clock = Stopwatch.StartNew();
        using (var vault = await scene.UnlockAsync(new CountingTarget(target, requests)))
        {
            requests.Forget();
            var snapshot = await SnapshotCatalog.TryFindAsync(vault, backup.Snapshot.Id, Token);
            var request = new RestoreRequest(vault.RequireReader(), snapshot!) { Include = [$"source/{file}"] };
            await using var door = FileSystemDestination.Open(destination["out"], DestinationOptions.Default);
            var result = await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);
            Assert.Equal((1L, 0), (result.Files, result.Faults.Count));
        }

        requests.Elapsed = clock.Elapsed;
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(scene.SourcePath, file), Token), await File.ReadAllBytesAsync(Path.Combine(destination["out"], "source", file), Token));
        return requests;
    }

    private sealed class Requests
    {
        private int _reads;
        private int _lists;

        public int Reads => _reads;

        public int Lists => _lists;

        public TimeSpan Elapsed { get; set; }

        public void AddRead() => Interlocked.Increment(ref _reads);

        public void AddList() => Interlocked.Increment(ref _lists);

        public void Forget() => (_reads, _lists) = (0, 0);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Reads} reads, {Lists} listings, {Elapsed.TotalMilliseconds:F0} ms");
    }

    private sealed class CountingTarget(Target inner, Requests requests) : DelegatingTarget(inner)
    {
        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            requests.AddRead();
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
        {
            requests.AddRead();
            return base.StatAsync(name, cancellationToken);
        }

        public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken)
        {
            requests.AddList();
            return base.ListAsync(prefix, cancellationToken);
        }
    }
}
