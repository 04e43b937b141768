using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Requests;

/// <summary>How many requests a run costs on a store where each takes a while and has a price: docs/design/performance.md.</summary>
public sealed class RequestBudgetTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const int Runs = 10;

    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true, ParallelPuts = 2 });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_run_without_changes_costs_few_requests_however_many_there_were_before()
    {
        using var scene = await PipelineScene.CreateAsync(_store, packSizeBytes: 6 << 20);
        for (var run = 0; run < Runs; run++)
        {
            scene.WriteRandom($"file-{run}", 3_000_000, run);
            await CostOfAsync(scene, target => scene.BackUpAsync(target));
        }

        var warm = await CostOfAsync(scene, target => scene.BackUpAsync(target));
        var warmAgain = await CostOfAsync(scene, target => scene.BackUpAsync(target));
        Directory.Delete(Path.Combine(scene.HostPath, "objects"), recursive: true);
        var cold = await CostOfAsync(scene, target => scene.BackUpAsync(target));
        output.WriteLine($"warm {warm}\nagain {warmAgain}\ncold {cold}");

        Assert.InRange(warm.Requests, 1, 20);
        Assert.Equal(warm with { BytesSent = 0, BytesReceived = 0 }, warmAgain with { BytesSent = 0, BytesReceived = 0 });
        Assert.InRange(cold.Requests, warm.Requests, warm.Requests + Runs + 30);
    }

    [Fact]
    public async Task A_first_run_costs_its_packs_and_little_more()
    {
        using var scene = await PipelineScene.CreateAsync(_store, packSizeBytes: 6 << 20);
        scene.WriteRandom("file", 20_000_000, 1);

        var cost = await CostOfAsync(scene, target => scene.BackUpAsync(target));
        var packs = _store.Objects.Keys.Count(static name => name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal));
        output.WriteLine($"{packs} packs: {cost}");

        Assert.InRange(cost.Requests, packs + 1, (2 * packs) + 25);
    }

    [Fact]
    public async Task A_file_comes_back_with_few_requests()
    {
        using var scene = await PipelineScene.CreateAsync(_store, packSizeBytes: 6 << 20);
        scene.WriteRandom("file", 100_000, 1);
        scene.WriteRandom("other", 5_000_000, 2);
        var backup = await scene.BackUpAsync(_store);

        var cost = await CostOfAsync(scene, async target =>
        {
            using var vault = await scene.UnlockAsync(target);
            var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
            var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString())) { Include = ["source/file"] };
            await using var door = FileSystemDestination.Open(scene.RestorePath, DestinationOptions.Default);
            Assert.Equal(1, (await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token)).Files);
        });
        output.WriteLine($"{cost}");

        Assert.InRange(cost.Requests, 1, 20);
    }

    /// <summary>Of a process of its own.</summary>
    private async Task<TargetTraffic> CostOfAsync(PipelineScene scene, Func<Target, Task> work)
    {
        var before = _store.Meter.Sample();
        await using (var target = TargetStack.Build(_store, new TargetStackOptions { CacheFolder = Path.Combine(scene.HostPath, "objects"), Sink = scene.Sink }))
        {
            await work(target);
        }

        return _store.Meter.Sample().Since(before);
    }
}
