using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What a lock keeps stays until it ends, and keeps nothing else from being deleted.</summary>
public sealed class LockedObjectsTests : IDisposable
{
    private static readonly TimeSpan Retention = 30 * Day;

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task Of_many_all_are_tried_and_those_that_stay_are_named(int inRequest)
    {
        var names = Enumerable.Range(0, 2_300).Select(static i => new ObjectName($"packs/{i:D4}")).ToList();
        foreach (var name in names)
        {
            await _scene.Target.PutAsync(name, new MemoryStream([1]), PutOptions.Default, Token);
        }

        HashSet<ObjectName> locked = [names[0], names[7], names[1_500]];
        var store = new ObjectStore(new RetainingTarget(_scene.Target, _scene.Time, Retention) { Keeps = locked.Contains, DeletesInRequest = inRequest });
        var refusal = await store.TryDeleteManyAsync(names, Token);
        Assert.Equal(TargetFault.Locked, refusal!.Fault);
        Assert.Equal(locked, refusal.Kept.ToHashSet());
        Assert.Equal(locked, _scene.Target.Objects.Keys.ToHashSet());
        Assert.Null(await store.TryDeleteManyAsync([.. names.Except(locked)], Token));
    }

    [Fact]
    public async Task Under_a_default_retention_a_collection_does_what_it_can_and_the_rest_when_the_locks_have_ended()
    {
        using var owner = await OpenUnderAsync(new RetainingTarget(_scene.Target, _scene.Time, Retention));
        _scene.Set("a.bin", 150_000, seed: 1);
        var first = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        _scene.Set("a.bin", 150_000, seed: 2);
        await _scene.BackUpAsync(owner);
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        await RemovalRecord.WriteAsync(owner, [catalog.Resolve(first.ToString())], "no longer kept", Token);
        _scene.Expected.Remove(first);
        _scene.Time.Advance(Day + TimeSpan.FromMinutes(1));

        var before = _scene.Packs.Count;
        var early = await _scene.CollectForAsync(owner, days: 10);
        Assert.Equal((0, before), (early.PacksDeleted, _scene.Packs.Count));
        Assert.NotEqual(0, early.PacksCondemned);
        var kept = await CollectAsync(owner);
        Assert.NotEqual(0, kept.ObjectsKept);
        Assert.Contains(_scene.Sink.Codes, static code => code == FaultCodes.TargetLocked);
        await _scene.RequireIntactAsync(owner);

        var late = await _scene.CollectForAsync(owner, days: 60);
        Assert.NotEqual(0, late.PacksDeleted);
        Assert.Equal(before - late.PacksDeleted, _scene.Packs.Count);
        await _scene.RequireIntactAsync(owner);

        // Each call asks for the time by a marker, which is locked in its turn; those whose lock has ended are gone.
        Assert.InRange(_scene.CountOf("condemned/"), 1, 2 * 31);
    }

    [Fact]
    public async Task An_account_that_may_not_delete_ends_no_collection()
    {
        using var owner = await OpenUnderAsync(new RetainingTarget(_scene.Target, _scene.Time, Retention) { Fault = TargetFault.AccessDenied });
        _scene.Set("a.bin", 150_000, seed: 1);
        await _scene.BackUpAsync(owner);
        await CollectAsync(owner);
        Assert.Equal(1, _scene.CountOf("condemned/"));
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task One_locked_pack_stays_alone_and_goes_later()
    {
        var target = new RetainingTarget(_scene.Target, _scene.Time, Retention) { Keeps = static _ => false };
        using var owner = await OpenUnderAsync(target);
        _scene.Set("a.bin", 300_000, seed: 1);
        var first = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        var unneeded = _scene.Packs;
        _scene.Set("a.bin", 150_000, seed: 2);
        await _scene.BackUpAsync(owner);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(Day + TimeSpan.FromMinutes(1));
        var marked = await CollectAsync(owner);
        Assert.InRange(marked.PacksCondemned, 3, unneeded.Count);

        var locked = ObjectNames.Pack(unneeded.First());
        target.Keeps = name => name == locked;
        _scene.Time.Advance(Day);
        var swept = await CollectAsync(owner);
        Assert.Equal((marked.PacksCondemned - 1, 1), (swept.PacksDeleted, swept.ObjectsKept));
        Assert.Equal(_scene.BytesOf("packs/"), swept.BytesAfter);
        Assert.Contains(unneeded.First(), _scene.Packs);
        Assert.Contains(_scene.Sink.Codes, static code => code == FaultCodes.TargetLocked);

        // Its marker stands, for who slept; it is condemned anew once that is void, and goes with the lock.
        Assert.Equal(1, _scene.CountOf("condemned/"));
        target.Keeps = static _ => false;
        Assert.Equal(1, (await _scene.CollectForAsync(owner, days: 5)).PacksDeleted);
        Assert.Equal(0, _scene.CountOf("condemned/"));
        await _scene.RequireIntactAsync(owner);
    }

    private async Task<UnlockedVault> OpenUnderAsync(Target target)
    {
        (await _scene.CreateAsync()).Dispose();
        return await _scene.OpenAsync(target: target);
    }
}
