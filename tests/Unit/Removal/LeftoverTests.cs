using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Tests.Unit.Removal;

/// <summary>Removals by clocks that are ahead, and what a removal that broke off leaves.</summary>
public sealed class LeftoverTests
{
    private static readonly RetentionPolicy ThreeDays = new() { KeepDaily = 3 };

    [Fact]
    public async Task A_computer_whose_clock_is_ahead_does_not_see_a_young_snapshot_as_old()
    {
        using var scene = await RemovalScene.CreateAsync(5);
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(30) }], CancellationToken.None);
        using var credential = CredentialFile.Read(scene.Bench.KeyPath, scene.Bench.Sink);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(scene.Bench.Time.GetUtcNow().AddYears(1));
        using var ahead = await (await LockedVault.OpenAsync(scene.Bench.Target, CancellationToken.None))
            .UnlockAsync(credential, scene.Bench.Host("ahead") with { Time = time }, CancellationToken.None);
        var result = await RemovalScene.RemoveAsync(RemovalScene.Keeping(ahead, ThreeDays));
        Assert.Empty(result.Removed);
        Assert.All(result.Kept, static removal => Assert.Equal(FaultCodes.BelowRetentionFloor, removal.Refusal!.Code));
        Assert.Equal(2, result.Kept.Count);
        Assert.Equal([0, 1, 2, 3, 4], await scene.DaysLeftAsync());
    }

    /// <summary>Whoever dies after a record cannot take it back, and the next one would finish what it says.</summary>
    [Fact]
    public async Task Nothing_is_recorded_by_a_clock_that_is_ahead()
    {
        using var scene = await RemovalScene.CreateAsync(5);
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(365) }], CancellationToken.None);
        using var credential = CredentialFile.Read(scene.Bench.KeyPath, scene.Bench.Sink);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(scene.Bench.Time.GetUtcNow().AddDays(400));
        using var ahead = await (await LockedVault.OpenAsync(new NoRecordTarget(scene.Bench.Target), CancellationToken.None))
            .UnlockAsync(credential, scene.Bench.Host("ahead") with { Time = time }, CancellationToken.None);
        Assert.Empty((await RemovalScene.RemoveAsync(RemovalScene.Keeping(ahead, new RetentionPolicy { KeepLast = 1 }))).Removed);
        Assert.Equal([0, 1, 2, 3, 4], await scene.DaysLeftAsync());
    }

    [Fact]
    public async Task What_a_crash_left_is_finished_by_the_next_removal()
    {
        using var scene = await RemovalScene.CreateAsync(5, verified: [0, 4]);
        await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[0], scene.Days[1]], "and then the power went", CancellationToken.None);
        Assert.Equal((5, 2), (scene.CountOf("snapshots/"), scene.CountOf("verifications/")));

        // Not while its author may still take it back.
        Assert.Equal(0, (await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, ThreeDays))).LeftoversDeleted);
        await scene.NextDayAsync();
        Assert.Equal(2, (await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, ThreeDays with { KeepDaily = 9 }))).LeftoversDeleted);
        Assert.Equal([2, 3, 4, 5], await scene.DaysLeftAsync());
        Assert.Equal((4, 1), (scene.CountOf("snapshots/"), scene.CountOf("verifications/")));
    }

    [Fact]
    public async Task What_a_crash_left_comes_back_where_it_is_below_the_floor_held_or_the_best_there_is()
    {
        using var scene = await RemovalScene.CreateAsync(6, verified: [5]);
        await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[0], scene.Days[1], scene.Days[4]], "by a clock that was ahead", CancellationToken.None);
        await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[0], scene.Days[5]], "and again", CancellationToken.None);
        var request = new HoldRequest(HoldScope.Snapshot, scene.Days[0].Id.Value, [scene.Days[0].DataSetId], null) { Reason = "lawsuit", Owner = "legal" };
        await LegalHolds.PlaceAsync(scene.Owner, request, CancellationToken.None);
        await scene.Owner.AppendAsync([scene.Owner.Register.Policy with { RetentionFloor = TimeSpan.FromDays(3) }], CancellationToken.None);
        scene.Bench.Time.Advance(TimeSpan.FromHours(2));
        var result = await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, new RetentionPolicy { KeepLast = 9 }));
        Assert.Equal((1, 3), (result.LeftoversDeleted, result.Reinstated));
        Assert.Equal([0, 2, 3, 4, 5], await scene.DaysLeftAsync());
        Assert.Equal(["by a clock that was ahead"], (await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None)).Removals.SelectMany(record => record.Record.OpenReasons(scene.Owner, record.Header)));
        Assert.Contains(FaultCodes.SnapshotHeld, scene.Bench.Sink.Codes);
        Assert.Contains(FaultCodes.BelowRetentionFloor, scene.Bench.Sink.Codes);
    }

    [Fact]
    public async Task What_turns_up_again_after_its_removal_stays_removed_also_below_the_floor()
    {
        using var scene = await RemovalScene.CreateAsync(5);
        var (name, bytes) = (ObjectNames.Manifest(scene.Days[0].Id), scene.Bench.Target.Objects[ObjectNames.Manifest(scene.Days[0].Id)]);
        await RemovalScene.RemoveAsync(RemovalScene.Named(scene.Owner, scene.Days[0]));
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(365) }], CancellationToken.None);
        scene.Bench.Time.Advance(TimeSpan.FromDays(30));
        scene.Bench.Target.Replace(name, bytes.Span);
        var result = await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, ThreeDays));
        Assert.Equal((1, 0), (result.LeftoversDeleted, result.Reinstated));
        Assert.Equal([1, 2, 3, 4], await scene.DaysLeftAsync());
    }

    /// <summary>A stolen key's snapshots that the revocation left out are nobody's loss.</summary>
    [Fact]
    public async Task What_does_not_count_without_its_record_either_is_not_taken_back()
    {
        using var scene = await RemovalScene.CreateAsync(2);
        using var thief = await scene.Bench.OpenAsWriterAsync(scene.Owner, "thief");
        var trusted = await scene.Bench.BackUpAsync(thief);
        var rubbish = await scene.Bench.BackUpAsync(thief);
        await RemovalRecord.WriteAsync(scene.Owner, [rubbish], "rubbish", CancellationToken.None);
        await MemberRevocation.RevokeAsync(scene.Owner, new RevocationRequest(thief.Self, "stolen") { LastTrusted = [trusted] }, CancellationToken.None);
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(365) }], CancellationToken.None);
        scene.Bench.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, (await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, ThreeDays))).Reinstated);
        Assert.Equal(1, scene.CountOf("removals/"));
    }

    private sealed class NoRecordTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            Assert.False(name.Value.StartsWith(ObjectNames.Removals, StringComparison.Ordinal));
            return base.PutAsync(name, content, options, cancellationToken);
        }
    }
}
