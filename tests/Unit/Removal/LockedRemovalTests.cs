using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Removal;

public sealed class LockedRemovalTests
{
    /// <summary>A bucket's default retention locks the marker that asks for the time, the manifests, and the record itself.</summary>
    [Fact]
    public async Task What_is_locked_counts_as_removed_and_is_deleted_when_its_lock_has_ended()
    {
        using var scene = await RemovalScene.CreateAsync(10, verified: [2, 4]);
        var target = new RetainingTarget(scene.Bench.Target, scene.Bench.Time, TimeSpan.FromDays(30));
        using var owner = await scene.OpenAsync(target, "other");
        var request = RemovalScene.Keeping(owner, new RetentionPolicy { KeepDaily = 3 });
        Assert.Equal(6, (await RemovalScene.RemoveAsync(request)).Removed.Count);
        Assert.Equal([4, 7, 8, 9], await scene.DaysLeftAsync());
        Assert.Equal((10, 2, 1), (scene.CountOf("snapshots/"), scene.CountOf("verifications/"), scene.CountOf("removals/")));
        Assert.Contains(scene.Bench.Sink.Codes, static code => code == FaultCodes.TargetLocked);

        scene.Bench.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, (await RemovalScene.RemoveAsync(request)).LeftoversDeleted);
        scene.Bench.Time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(6, (await RemovalScene.RemoveAsync(request)).LeftoversDeleted);
        Assert.Equal([4, 7, 8, 9], await scene.DaysLeftAsync());
        Assert.Equal((4, 1), (scene.CountOf("snapshots/"), scene.CountOf("verifications/")));
    }

    /// <summary>A fold would say anew what is taken back, in a record without a lock that has to be taken back too.</summary>
    [Fact]
    public async Task A_locked_record_that_is_taken_back_is_part_of_no_fold()
    {
        using var scene = await RemovalScene.CreateAsync(18);
        foreach (var day in scene.Days.Take(16))
        {
            await RemovalRecord.WriteAsync(scene.Owner, [day], "no longer kept", CancellationToken.None);
            Assert.True(scene.Bench.Target.Remove(ObjectNames.Manifest(day.Id)));
        }

        var folded = scene.Bench.Target.Objects.Keys.ToHashSet();
        await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[16]], "by a clock that was ahead", CancellationToken.None);
        var locked = scene.Bench.Target.Objects.Keys.Single(name => !folded.Contains(name));
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(365) }], CancellationToken.None);
        scene.Bench.Time.Advance(TimeSpan.FromHours(2));
        using var owner = await scene.OpenAsync(new RetainingTarget(scene.Bench.Target, scene.Bench.Time, TimeSpan.FromDays(30)) { Keeps = name => name == locked }, "other");
        var request = RemovalScene.Keeping(owner, new RetentionPolicy { KeepLast = 99 });

        var result = await RemovalScene.RemoveAsync(request);
        Assert.Equal((1, 16, 2), (result.Reinstated, result.RecordsFolded, scene.CountOf("removals/")));
        scene.Bench.Time.Advance(TimeSpan.FromDays(30));
        await RemovalScene.RemoveAsync(request);
        Assert.Equal(1, scene.CountOf("removals/"));
        Assert.Equal([16, 17], await scene.DaysLeftAsync());
    }
}
