using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Retention;
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
}
