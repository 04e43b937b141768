using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Versions and cold storage; where a target declares none, that it says so.</summary>
public abstract partial class TargetConformance
{
    /// <summary>Does what the place's own rules do to an object: moves it to cold storage.</summary>
    protected virtual Task FreezeAsync(ObjectName name) => throw new NotSupportedException("A target with cold storage says how an object gets cold.");

    /// <summary>Lets the store end a warm-up.</summary>
    protected virtual Task EndWarmUpAsync() => Task.CompletedTask;

    [Fact, Needs(nameof(TargetCapabilities.Versions))]
    public async Task What_was_replaced_is_an_older_version_and_can_be_read()
    {
        if (!await KeepsVersionsAsync())
        {
            return;
        }

        var first = await PutAsync(Name, [1]);
        var second = await Target.PutAsync(Name, new MemoryStream([2, 2]), new PutOptions(IfAbsent: false), Cancel);
        await PutAsync(new ObjectName("packs/other"), [3]);

        var versions = await Target.ListVersionsAsync("packs/ab/", Cancel).ToListAsync(Cancel);

        Assert.Equal([(second.Version!, 2L, true, false), (first.Version!, 1L, false, false)], versions.Select(static version => (version.Version, version.Stat.LengthBytes, version.IsNewest, version.IsDeleteMarker)));
        var old = new byte[1];
        await Target.ReadVersionAsync(Name, first.Version!, 0, old, Cancel);
        Assert.Equal([1], old);
        Assert.Equal([2, 2], await ReadAllAsync(Name));
        Assert.Equal(2, (await ListAsync("")).Count);
        await AssertFaultAsync(TargetFault.OutOfRange, () => Target.ReadVersionAsync(Name, first.Version!, 1, new byte[1], Cancel));
        await AssertFaultAsync(TargetFault.NotFound, () => Target.ReadVersionAsync(new ObjectName("packs/other"), first.Version!, 0, new byte[1], Cancel));
    }

    [Fact, Needs(nameof(TargetCapabilities.Versions))]
    public async Task A_delete_takes_away_every_version_and_leaves_no_marker()
    {
        if (!await KeepsVersionsAsync())
        {
            return;
        }

        await PutAsync(Name, [1]);
        await Target.PutAsync(Name, new MemoryStream([2]), new PutOptions(IfAbsent: false), Cancel);
        await PutAsync(new ObjectName(Name.Value + "-2"), [3]);

        await Target.DeleteAsync(Name, Cancel);

        Assert.Equal([Name.Value + "-2"], (await Target.ListVersionsAsync("", Cancel).ToListAsync(Cancel)).Select(static version => version.Stat.Name.Value));
        await Target.DeleteManyAsync([new ObjectName(Name.Value + "-2")], Cancel);
        Assert.Empty(await Target.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
    }

    [Fact, Needs(nameof(TargetCapabilities.ColdStorage))]
    public async Task What_is_cold_is_not_read_before_it_was_warmed()
    {
        await PutAsync(Name, [1, 2, 3]);
        var options = new WarmOptions(TimeSpan.FromDays(1));
        if (!Target.Capabilities.ColdStorage)
        {
            await AssertFaultAsync(TargetFault.Unsupported, () => Target.WarmAsync(Name, options, Cancel));
            return;
        }

        Assert.Equal(ObjectAccess.Ready, (await Target.WarmAsync(Name, options, Cancel)).Access);
        await FreezeAsync(Name);
        Assert.Equal(ObjectAccess.Cold, (await Target.StatAsync(Name, Cancel))!.Access);
        await AssertFaultAsync(TargetFault.Cold, () => ReadAsync(Name, 0, 1));
        await AssertFaultAsync(TargetFault.Cold, () => Target.TryFetchAsync(Name, 3, Cancel));

        Assert.Equal(ObjectAccess.Warming, (await Target.WarmAsync(Name, options, Cancel)).Access);
        Assert.Equal(ObjectAccess.Warming, (await Target.WarmAsync(Name, options, Cancel)).Access);
        await AssertFaultAsync(TargetFault.Cold, () => ReadAsync(Name, 0, 1));

        await EndWarmUpAsync();
        Assert.Equal(ObjectAccess.Ready, (await Target.WarmAsync(Name, options, Cancel)).Access);
        Assert.Equal([1, 2, 3], await ReadAllAsync(Name));
        await AssertFaultAsync(TargetFault.NotFound, () => Target.WarmAsync(new ObjectName("missing"), options, Cancel));
    }

    private async Task<bool> KeepsVersionsAsync()
    {
        if (Target.Capabilities.Versions)
        {
            return true;
        }

        Assert.Null((await PutAsync(Name, [1])).Version);
        await AssertFaultAsync(TargetFault.Unsupported, async () => await Target.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
        await AssertFaultAsync(TargetFault.Unsupported, () => Target.ReadVersionAsync(Name, "1", 0, new byte[1], Cancel));
        return false;
    }
}
