using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Crash;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>Ends a collection at every single operation, and lets two run at once.</summary>
public sealed class CollectionCrashTests : IDisposable
{
    private static readonly CollectOptions Compacting = new() { MaxUnusedPercent = 30 };

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(FaultFlavour.NotPersisted, 0)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, 0)]
    [InlineData(FaultFlavour.NotPersisted, 1)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, 1)]
    [InlineData(FaultFlavour.NotPersisted, 2)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, 2)]
    public async Task Ended_at_any_operation_it_leaves_every_snapshot_whole_and_the_next_call_goes_on(FaultFlavour flavour, int days)
    {
        using var owner = await PrepareAsync(days);
        var start = _scene.Target;
        for (var n = 1; ; n++)
        {
            _scene.Replace(start.Clone());
            var target = new FaultTarget(_scene.Target, new FaultPlan(n, flavour, IsDeadAfterwards: true));
            var failure = await FailureOfAsync(target, $"trial-{n}");
            using var after = await _scene.OpenAsync($"after-{n}");
            await _scene.RequireIntactAsync(after);
            await CollectAsync(after, Compacting);
            await CollectAsync(after, Compacting);
            await _scene.RequireIntactAsync(after);
            if (!target.HasTripped)
            {
                Assert.Null(failure);
                Assert.InRange(n, 40, 1000);
                return;
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Two_at_once_do_no_harm(int days)
    {
        using var owner = await PrepareAsync(days);
        using var other = await _scene.OpenAsync("other");
        for (var turn = 0; turn < 8; turn++)
        {
            await Task.WhenAll(CollectAsync(owner, Compacting), CollectAsync(other, Compacting));
            await _scene.RequireIntactAsync(owner);
            _scene.Time.Advance(TimeSpan.FromHours(13));
        }

        Assert.Equal(0, (await _scene.BackUpAsync(owner)).ChunksNew);
        await _scene.RequireIntactAsync(owner);
    }

    /// <summary>Packs of which nothing, and packs of which a part is needed; collected so many days, once a day.</summary>
    private async Task<UnlockedVault> PrepareAsync(int days)
    {
        var owner = await _scene.CreateAsync();
        for (var i = 0; i < 12; i++)
        {
            _scene.Set($"file-{i:D2}.bin", 9_000, seed: i);
        }

        var first = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        _scene.Set("alone.bin", 90_000, seed: 50);
        var second = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        foreach (var name in _scene.Files.Keys.Where((_, i) => i % 4 != 1).ToList())
        {
            _scene.Files.Remove(name);
        }

        for (var i = 0; i < 8; i++)
        {
            _scene.Set("changing.bin", 500, seed: 100 + i);
            _scene.Time.Advance(TimeSpan.FromMinutes(1));
            await _scene.BackUpAsync(owner);
        }

        var all = (await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots;
        await _scene.RemoveAsync(owner, [first, second, .. all.Skip(1).Take(6).Select(static snapshot => snapshot.Id)]);
        _scene.Time.Advance(2 * Day);
        for (var day = 0; day < days; day++)
        {
            await CollectAsync(owner, Compacting);
            _scene.Time.Advance(Day + TimeSpan.FromMinutes(1));
        }

        return owner;
    }

    private async Task<TargetException?> FailureOfAsync(Target target, string host)
    {
        try
        {
            using var vault = await _scene.OpenAsync(host, target: target);
            await CollectAsync(vault, Compacting);
            return null;
        }
        catch (TargetException failure)
        {
            return failure;
        }
    }
}
