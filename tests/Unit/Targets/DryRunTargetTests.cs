using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class DryRunTargetTests : IAsyncDisposable
{
    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false });
    private readonly DryRunTarget _target;

    public DryRunTargetTests()
    {
        _target = new DryRunTarget(_store, TimeProvider.System);
        _store.Replace(new ObjectName("packs/there"), [1, 2, 3]);
        _store.Replace(new ObjectName("refs/there"), [4]);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _target.DisposeAsync();

    [Fact]
    public async Task What_is_put_is_found_and_what_is_deleted_is_not_and_the_store_hears_of_neither()
    {
        var before = _store.Objects.Keys.ToList();
        var (small, large, gone) = (new ObjectName("snapshots/new"), new ObjectName("packs/new"), new ObjectName("packs/there"));
        await PutAsync(small, 100);
        await PutAsync(large, (1 << 20) + 1);
        await _target.DeleteAsync(gone, Token);

        var read = new byte[10];
        await _target.ReadAsync(small, 90, read, Token);
        Assert.Equal(Enumerable.Repeat((byte)7, 10), read);
        Assert.Equal(100, (await _target.TryFetchAsync(small, 1000, Token))!.Bytes!.Value.Length);
        Assert.Equal((1 << 20) + 1, (await _target.StatAsync(large, Token))!.LengthBytes);
        Assert.Null(await _target.StatAsync(gone, Token));
        Assert.Null(await _target.TryFetchAsync(gone, 1000, Token));
        var listed = new List<ObjectName>();
        await foreach (var stat in _target.ListAsync("packs/", Token))
        {
            listed.Add(stat.Name);
        }

        Assert.Equal([large], listed);
        Assert.Equal(new PlannedPuts(1, (1 << 20) + 1, 2, 100 + (1 << 20) + 1, 1), _target.Planned);
        Assert.Equal(before, _store.Objects.Keys);
        Assert.Equal(0, _store.Meter.Sample().Puts + _store.Meter.Sample().Deletes);
        Assert.Equal(TargetFault.NotFound, (await Assert.ThrowsAsync<TargetException>(() => _target.ReadAsync(large, 0, read, Token))).Fault);
    }

    [Fact]
    public async Task What_a_store_would_refuse_is_refused()
    {
        var twice = new ObjectName("refs/new");
        await PutAsync(twice, 5);
        Assert.Equal(TargetFault.AlreadyExists, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(twice, 5))).Fault);
        Assert.Equal(TargetFault.AlreadyExists, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(new ObjectName("refs/there"), 5))).Fault);
        using var content = new MemoryStream(new byte[5]);
        var wrong = new PutOptions(Sha256: ContentHash.Of([1]));
        Assert.Equal(FaultCodes.ContentMismatch, (await Assert.ThrowsAsync<IntegrityException>(() => _target.PutAsync(new ObjectName("refs/other"), content, wrong, Token))).Code);
        var locked = new PutOptions { Lock = new ObjectLock(LockMode.Compliance, DateTimeOffset.UtcNow.AddDays(1)) };
        Assert.Equal(TargetFault.LockNotKept, (await Assert.ThrowsAsync<TargetException>(() => _target.PutAsync(new ObjectName("refs/other"), content, locked, Token))).Fault);
        Assert.Equal(1, _target.Planned.Objects);
    }

    [Fact]
    public async Task What_an_index_segment_that_is_not_kept_makes_count_twice_is_said()
    {
        await PutAsync(new ObjectName("packs/large"), (1 << 20) + 1);
        Assert.False(_target.Planned.IsAtMost);
        await PutAsync(new ObjectName("index/kept"), 63 << 20);
        Assert.False(_target.Planned.IsAtMost);
        await PutAsync(new ObjectName("index/lost"), 2 << 20);
        Assert.True(_target.Planned.IsAtMost);
    }

    [Fact]
    public async Task A_dry_backup_finds_out_what_the_next_one_stores_and_leaves_nothing()
    {
        await using var store = new MemoryTarget(options: new MemoryTargetOptions { IsNear = false });
        using var scene = await PipelineScene.CreateAsync(store, packSizeBytes: 6 << 20);
        scene.WriteRandom("a.bin", 3_000_000, 1);
        await scene.BackUpAsync();
        scene.WriteRandom("b.bin", 2_000_000, 2);
        using var vault = await scene.UnlockAsync();
        var (objects, files) = (store.Objects.Keys.ToList(), PictureOf(scene.HostPath));
        PlannedPuts planned;
        using (var scratch = new HostScratch(vault.Host))
        {
            var view = new RunLimits { IsDryRun = true }.Apply(vault, scene.Sink, isShared: true, scratch.State);
            var dry = await scene.BackUpAsync(view);
            planned = ((DryRunTarget)view.Target).Planned;
            Assert.Equal((1, 1), (dry.FilesNew, dry.FilesUnchanged + dry.FilesChanged));
            Assert.Equal(0, dry.Traffic.Puts);
        }

        Assert.Equal(objects, store.Objects.Keys);
        Assert.Equal(files, PictureOf(scene.HostPath));
        var real = await scene.BackUpAsync(vault);
        Assert.Equal(real.BytesStored, planned.PackBytes);
        Assert.Equal(store.Objects.Count - objects.Count, planned.Objects);
    }

    private static List<string> PictureOf(string folder) => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(static path => $"{path} {File.GetLastWriteTimeUtc(path):O} {new FileInfo(path).Length}")];

    private async Task PutAsync(ObjectName name, int length)
    {
        using var content = new MemoryStream(Enumerable.Repeat((byte)7, length).ToArray());
        await _target.PutAsync(name, content, PutOptions.Default, Token);
    }
}
