using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>
/// A bit that a line changes, once, in whatever is read: nobody may notice but by a request more. A bit that is wrong on the store is damage, and is named. Each run begins with an empty cache
/// of this host, which is filled by what came over the line.
/// </summary>
public sealed class ChangedOnTheWayTests : IAsyncDisposable
{
    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_bit_changed_on_the_way_costs_a_restore_and_a_check_nothing()
    {
        using var scene = await FilledAsync();
        var id = await BackUpAsync(scene, _store);
        await SweepAsync(scene, async (target, at) =>
        {
            using var vault = await scene.UnlockAsync(target);
            var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
            Assert.Empty(catalog.Problems);
            var snapshot = catalog.Resolve(id.ToString());
            var destination = scene.Folder[$"restored-{at}"];
            Assert.Empty((await scene.RestoreAsync(vault, snapshot.Id, destination)).Faults);
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(scene.SourcePath, "a.bin"), Token), await File.ReadAllBytesAsync(Path.Combine(destination, "source", "a.bin"), Token));
            var request = new VerifyRequest(vault.RequireReader(), snapshot, catalog) { ReadsData = true };
            Assert.Empty((await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token)).Faults);
        });
    }

    /// <summary>A store that checks nothing itself is asked to give back what it took, and that may be changed on its way too.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_bit_changed_on_the_way_costs_a_backup_nothing_nor_the_one_after_it(bool hasServerChecksum)
    {
        using var scene = await FilledAsync();
        await BackUpAsync(scene, _store);
        scene.WriteRandom("d.bin", 5_000, 3);
        await SweepAsync(scene, async (target, _) =>
        {
            await BackUpAsync(scene, target);
            await BackUpAsync(scene, target);
        }, hasServerChecksum);
    }

    [Fact]
    public async Task What_is_wrong_twice_is_damage_and_named_once()
    {
        using var scene = await FilledAsync();
        var id = await BackUpAsync(scene, _store);
        var pack = _store.Objects.Keys.First(static name => name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal));
        var flipping = new FlippingTarget(_store) { Always = pack };
        using var vault = await scene.UnlockAsync(flipping);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new VerifyRequest(vault.RequireReader(), catalog.Resolve(id.ToString()), catalog) { ReadsData = true };

        var result = await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token);
        Assert.Single(result.Faults, fault => string.Equals(fault.Path, pack.Value, StringComparison.Ordinal));
    }

    /// <summary>Each is read once more by itself; what was read with it is not read again for it.</summary>
    [Fact]
    public async Task A_pack_full_of_damaged_chunks_costs_a_restore_a_few_small_reads_for_each()
    {
        using var scene = await PipelineScene.CreateAsync(_store);
        for (var file = 0; file < 200; file++)
        {
            scene.WriteRandom($"{file:D3}.bin", 60_000, file);
        }

        var backup = await scene.BackUpAsync(_store);
        var pack = _store.Objects.MaxBy(static stored => stored.Value.Length);
        var damaged = pack.Value.ToArray();
        for (var at = 100_000; at < damaged.Length - 100_000; at += 8_192)
        {
            damaged[at] ^= 4;
        }

        _store.Replace(pack.Key, damaged);
        var before = _store.Meter.Sample();
        Assert.InRange((await scene.RestoreAsync(backup.Snapshot.Id)).Faults.Count, 190, 200);
        var read = _store.Meter.Sample().Since(before).BytesReceived;
        Assert.InRange(read, 200 * 256 * 1024, (2 * damaged.Length) + (200 * 4 * 256 * 1024));
    }

    private static async Task<SnapshotId> BackUpAsync(PipelineScene scene, Target target)
    {
        var before = scene.Sink.Events.Count;
        var result = await scene.BackUpAsync(target);
        Assert.Equal(SnapshotOutcome.Succeeded, result.Outcome);
        Assert.Empty(scene.Sink.Events.Skip(before).Where(static told => told.Severity == EventSeverity.Warning).Select(static told => told.Message));
        return result.Snapshot.Id;
    }

    private static Target Stack(PipelineScene scene, Target store) =>
        TargetStack.Build(store, new TargetStackOptions { CacheFolder = Path.Combine(scene.HostPath, "objects"), Sink = scene.Sink });

    private async Task<PipelineScene> FilledAsync()
    {
        var scene = await PipelineScene.CreateAsync(_store);
        scene.WriteRandom("a.bin", 300_000, 1);
        scene.WriteRandom("b/c.bin", 10_000, 2);
        return scene;
    }

    /// <summary>The run once for each of its reads, and each time another of them is changed.</summary>
    private async Task SweepAsync(PipelineScene scene, Func<Target, int, Task> run, bool hasServerChecksum = true)
    {
        for (var at = 0; ; at++)
        {
            // Each on a store of its own, on a host that knows nothing: what a run adds would be read by the next.
            Directory.Delete(scene.HostPath, recursive: true);
            var copy = new MemoryTarget(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true });
            foreach (var (name, bytes) in _store.Objects)
            {
                copy.Replace(name, bytes.Span);
            }

            var flipping = new FlippingTarget(copy) { At = at, ServerChecksum = hasServerChecksum };
            await using (var target = Stack(scene, flipping))
            {
                try
                {
                    await run(target, at);
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    Assert.Fail($"Read {at}, of '{flipping.Changed}': {failure}");
                }
            }

            if (flipping.Changed is null)
            {
                Assert.InRange(at, 9, 200);
                return;
            }
        }
    }

    private sealed class FlippingTarget(Target inner) : DelegatingTarget(inner)
    {
        private int _reads;

        internal int At { get; init; } = -1;

        internal bool ServerChecksum { get; init; } = true;

        internal ObjectName? Always { get; init; }

        internal ObjectName? Changed { get; private set; }

        public override TargetCapabilities Capabilities => base.Capabilities with { ServerChecksum = ServerChecksum };

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (IsChanged(name))
            {
                destination.Span[destination.Length / 2] ^= 4;
            }
        }

        public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
        {
            var found = await base.TryFetchAsync(name, maxBytes, cancellationToken);
            if (found?.Bytes is not { } bytes || !IsChanged(name))
            {
                return found;
            }

            var changed = bytes.ToArray();
            changed[changed.Length / 2] ^= 4;
            return found with { Bytes = changed };
        }

        private bool IsChanged(ObjectName name)
        {
            var isChanged = Interlocked.Increment(ref _reads) - 1 == At;
            if (isChanged)
            {
                Changed = name;
            }

            return isChanged || name == Always;
        }
    }
}
