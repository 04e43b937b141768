using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Removal;

public sealed class SnapshotRemovalTests
{
    private static readonly RetentionPolicy ThreeDays = new() { KeepDaily = 3 };

    [Fact]
    public async Task Rules_remove_what_they_do_not_keep_and_the_chain_stays_whole()
    {
        using var scene = await RemovalScene.CreateAsync(10, verified: [2, 4]);
        var result = await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, ThreeDays));
        Assert.Equal(6, result.Removed.Count);
        Assert.Equal([4, 7, 8, 9], await scene.DaysLeftAsync());
        Assert.Equal((4, 1, 1), (scene.CountOf("snapshots/"), scene.CountOf("removals/"), scene.CountOf("verifications/")));

        // Packs and reference pages are not this command's.
        Assert.True(scene.CountOf("refs/") >= 10);
        await scene.NextDayAsync();
        Assert.Empty((await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, ThreeDays with { KeepDaily = 9 }))).Removed);
        Assert.Equal([4, 7, 8, 9, 10], await scene.DaysLeftAsync());
    }

    [Fact]
    public async Task A_maintainer_removes_without_any_key_that_reads_and_a_writer_cannot()
    {
        using var scene = await RemovalScene.CreateAsync(5);
        using var maintainer = await scene.OpenAsMaintainerAsync();
        Assert.False(maintainer.IsReader);
        Assert.Equal(2, (await RemovalScene.RemoveAsync(RemovalScene.Keeping(maintainer, ThreeDays))).Removed.Count);
        Assert.Equal([2, 3, 4], await scene.DaysLeftAsync());
        using var writer = await scene.Bench.OpenAsWriterAsync(scene.Owner, "shop");
        await VaultBench.RefusedAsync(FaultCodes.RoleMissing, () => RemovalScene.RemoveAsync(RemovalScene.Named(writer, scene.Days[2])));
    }

    [Fact]
    public async Task Rules_that_keep_nothing_are_refused_before_any_look_at_the_target()
    {
        using var scene = await RemovalScene.CreateAsync(1);
        using var vault = await scene.OpenAsync(new DeadTarget(scene.Bench.Target), "other");
        await VaultBench.RefusedAsync(FaultCodes.KeepsNothing, () => RemovalPlan.MakeAsync(RemovalScene.Keeping(vault, new RetentionPolicy { KeepLast = 0 }), CancellationToken.None));
    }

    [Fact]
    public async Task What_must_stay_is_refused_by_name()
    {
        using var scene = await RemovalScene.CreateAsync(4, verified: [1]);
        await RefusedAsync(FaultCodes.LastGoodSnapshot, scene, scene.Days[1]);
        await scene.VerifyAsync(scene.Days[2]);
        Assert.Equal(2, (await RemovalScene.RemoveAsync(RemovalScene.Named(scene.Owner, scene.Days[1], scene.Days[3]))).Removed.Count);
        Assert.Equal([0, 2], await scene.DaysLeftAsync());
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(30) }], CancellationToken.None);
        await RefusedAsync(FaultCodes.BelowRetentionFloor, scene, scene.Days[0]);
        scene.Bench.Time.Advance(TimeSpan.FromDays(40));
        Assert.Single((await RemovalScene.RemoveAsync(RemovalScene.Named(scene.Owner, scene.Days[0]))).Removed);
        await VaultBench.RefusedAsync(FaultCodes.NoSuchSnapshot, () => RemovalScene.RemoveAsync(RemovalScene.Named(scene.Owner, scene.Days[0])));
    }

    [Fact]
    public void What_is_held_is_refused_as_held()
    {
        var fact = Retention.FactGen.At(Retention.FactGen.Start, 0);
        var held = new PlannedRemoval(
            new Snapshot
            {
                Id = fact.Id,
                Hash = default,
                Body = new ManifestBody(default, fact.Writer, 0, null, [], default),
                Summary = new SnapshotSummary { DataSetId = fact.DataSet, DataSet = "crm", StartedAt = default, EndedAt = default, HostName = "h", ReferencePages = [], PackCount = 0 },
                Epoch = 1,
                StoreTime = fact.StoreTime,
            },
            new PlannedSnapshot(fact, [new KeepReason(KeepReasonKind.LegalHold, "legal hold: case 7")]));
        Assert.Equal(FaultCodes.SnapshotHeld, held.Refusal!.Code);
        Assert.Contains("case 7", held.Refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_only_one_stays_verified_or_not()
    {
        using var scene = await RemovalScene.CreateAsync(1);
        await RefusedAsync(FaultCodes.LastGoodSnapshot, scene, scene.Days[0]);
        await scene.VerifyAsync(scene.Days[0]);
        await RefusedAsync(FaultCodes.LastGoodSnapshot, scene, scene.Days[0]);
    }

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
    public async Task Two_who_remove_at_once_never_leave_a_data_set_without_a_verified_snapshot()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            using var scene = await RemovalScene.CreateAsync(4, verified: [0]);
            var meeting = new Meeting(seed);
            using var a = await scene.OpenAsync(new MeetingTarget(scene.Bench.Target, meeting), "a");
            using var b = await scene.OpenAsync(new MeetingTarget(scene.Bench.Target, meeting), "b");

            // By what a knows day 0 is the verified one and day 1 may go; b has just verified day 1, so that day 0 may go. Both then write their records, and go on in any order.
            var outcomes = await Task.WhenAll(
                Task.Run(() => OutcomeAsync(RemovalScene.Keeping(a, new RetentionPolicy { KeepLast = 1 }))),
                Task.Run(async () =>
                {
                    await meeting.FirstIsThere;
                    await scene.VerifyAsync(scene.Days[1]);
                    return await OutcomeAsync(RemovalScene.Named(b, scene.Days[0]));
                }));
            Assert.Contains(FaultCodes.RemovalConflict, outcomes);
            Assert.All(outcomes, code => Assert.True(code is null || code == FaultCodes.RemovalConflict, $"seed {seed}: {code?.Name}"));
            await scene.DaysLeftAsync();
            Assert.True((await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None)).Snapshots.Any(static snapshot => snapshot.IsVerified), $"seed {seed}");
        }
    }

    [Fact]
    public async Task Of_two_whose_removals_do_not_go_together_at_least_one_takes_its_own_back()
    {
        using var scene = await RemovalScene.CreateAsync(2, verified: [0]);
        var meeting = new Meeting(0) { AfterRecord = static () => Task.CompletedTask };
        using var a = await scene.OpenAsync(new MeetingTarget(scene.Bench.Target, meeting), "a");
        using var b = await scene.OpenAsync(scene.Bench.Target, "b");

        // a sees day 0 as the verified one and removes day 1; before it looks again, b sees day 1 verified and removes day 0.
        meeting.AfterRecord = async () =>
        {
            meeting.AfterRecord = null;
            await scene.VerifyAsync(scene.Days[1]);
            var snapshot = scene.Days[0];
            await RemovalRecord.WriteAsync(b, [snapshot], "at once", CancellationToken.None);
        };
        await VaultBench.RefusedAsync(FaultCodes.RemovalConflict, () => RemovalScene.RemoveAsync(RemovalScene.Named(a, scene.Days[1])));
        Assert.Equal([1], await scene.DaysLeftAsync());
        Assert.Equal(2, scene.CountOf("snapshots/"));
    }

    [Fact]
    public async Task A_hold_that_is_placed_during_a_removal_still_keeps_what_it_is_on()
    {
        using var scene = await RemovalScene.CreateAsync(3, verified: [2]);
        var meeting = new Meeting(0) { AfterRecord = static () => Task.CompletedTask };
        using var remover = await scene.OpenAsync(new MeetingTarget(scene.Bench.Target, meeting), "remover");
        meeting.AfterRecord = async () =>
        {
            meeting.AfterRecord = null;
            var hold = new HoldRequest(HoldScope.Snapshot, scene.Days[0].Id.Value, [scene.Days[0].DataSetId], null) { Reason = "lawsuit", Owner = "legal" };
            await LegalHolds.PlaceAsync(scene.Owner, hold, CancellationToken.None);
        };
        var conflict = await Assert.ThrowsAsync<VaultException>(() => RemovalScene.RemoveAsync(RemovalScene.Named(remover, scene.Days[0], scene.Days[1])));
        Assert.Equal(FaultCodes.RemovalConflict, conflict.Code);
        Assert.Contains("legal hold", conflict.Message, StringComparison.Ordinal);
        Assert.Equal([0, 1, 2], await scene.DaysLeftAsync());
        Assert.Equal((3, 0), (scene.CountOf("snapshots/"), scene.CountOf("removals/")));
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

    private static async Task RefusedAsync(FaultCode code, RemovalScene scene, Snapshot snapshot)
    {
        var request = RemovalScene.Named(scene.Owner, snapshot);
        var plan = await RemovalPlan.MakeAsync(request, CancellationToken.None);
        Assert.Empty(plan.Expired);
        Assert.Equal(code, Assert.Single(plan.Snapshots).Refusal!.Code);

        // Nor by somebody who asks nobody.
        Assert.Empty((await SnapshotRemoval.RunAsync(request, [snapshot.Id], CancellationToken.None)).Removed);
        Assert.Contains(snapshot.Id, (await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None)).Snapshots.Select(static item => item.Id));
    }

    private static async Task<FaultCode?> OutcomeAsync(RemovalRequest request)
    {
        try
        {
            await RemovalScene.RemoveAsync(request);
            return null;
        }
        catch (VaultException exception)
        {
            return exception.Code;
        }
    }

    /// <summary>Two wait for each other before their first record; then it is any order.</summary>
    private sealed class Meeting(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task FirstIsThere => _first.Task;

        internal Task ArriveAsync()
        {
            if (AfterRecord is null && !_first.TrySetResult())
            {
                _second.TrySetResult();
            }

            return AfterRecord is null ? _second.Task : Task.CompletedTask;
        }

        internal Func<Task>? AfterRecord { get; set; }

        internal int Yields()
        {
            lock (_random)
            {
                return _random.Next(0, 6);
            }
        }
    }

    private sealed class MeetingTarget(Target inner, Meeting meeting) : DelegatingTarget(inner)
    {
        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            for (var left = meeting.Yields(); left > 0; left--)
            {
                await Task.Yield();
            }

            var isRecord = name.Value.StartsWith(ObjectNames.Removals, StringComparison.Ordinal);
            await (isRecord ? meeting.ArriveAsync() : Task.CompletedTask);
            var receipt = await base.PutAsync(name, content, options, cancellationToken);
            if (isRecord && meeting.AfterRecord is { } next)
            {
                await next();
            }

            return receipt;
        }

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            for (var left = meeting.Yields(); left > 0; left--)
            {
                await Task.Yield();
            }

            await foreach (var stat in base.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }
        }
    }

    private sealed class NoRecordTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            Assert.False(name.Value.StartsWith(ObjectNames.Removals, StringComparison.Ordinal));
            return base.PutAsync(name, content, options, cancellationToken);
        }
    }

    /// <summary>Opens, and then is gone.</summary>
    private sealed class DeadTarget(Target inner) : DelegatingTarget(inner)
    {
        public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
            prefix.StartsWith(ObjectNames.Manifests, StringComparison.Ordinal) ? throw new TargetException(TargetFault.Unavailable, "No look was to be needed.") : base.ListAsync(prefix, cancellationToken);
    }
}
