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

    /// <summary>Opens, and then is gone.</summary>
    private sealed class DeadTarget(Target inner) : DelegatingTarget(inner)
    {
        public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
            prefix.StartsWith(ObjectNames.Manifests, StringComparison.Ordinal) ? throw new TargetException(TargetFault.Unavailable, "No look was to be needed.") : base.ListAsync(prefix, cancellationToken);
    }
}
