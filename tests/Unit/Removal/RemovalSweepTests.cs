using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Crash;

namespace SecureBackup.Tests.Unit.Removal;

/// <summary>A removal that is interrupted at each of its operations, and folds at each of theirs.</summary>
public sealed class RemovalSweepTests
{
    private static readonly RetentionPolicy TwoDays = new() { KeepDaily = 2 };

    [Theory]
    [InlineData(FaultFlavour.NotPersisted, false)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, false)]
    [InlineData(FaultFlavour.NotPersisted, true)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, true)]
    public async Task Wherever_a_removal_stops_the_vault_is_whole_and_the_next_one_ends_it(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var scene = await RemovalScene.CreateAsync(6, verified: [1, 3]);

        // Enough records that the removal also folds.
        for (var i = 0; i < RemovalFold.MinRecords; i++)
        {
            await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[0]], $"again {i}", CancellationToken.None);
        }

        scene.Bench.Target.Remove(ObjectNames.Manifest(scene.Days[0].Id));
        await scene.NextDayAsync();
        var before = scene.Bench.Target;
        var hasReachedAll = false;
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        for (var n = 1; !hasReachedAll; n++)
        {
            scene.Bench.Target = before.Clone();
            var faulty = new FaultTarget(scene.Bench.Target, new FaultPlan(n, flavour, isDeadAfterwards));
            var failure = await FailureOfAsync(scene, faulty, $"host-{n}");
            hasReachedAll = !faulty.HasTripped;
            var left = await scene.DaysLeftAsync();
            Assert.True(left is [1, 2, 3, 4, 5, 6] or [3, 5, 6], $"After operation {n}: {string.Join(' ', left)}");
            outcomes.Add($"{left.Count}{failure is null}");

            scene.Bench.Time.Advance(TimeSpan.FromHours(2));
            using var vault = await scene.OpenAsync(scene.Bench.Target, $"next-{n}");
            await scene.Bench.BackUpAsync(vault, "other");
            await RemovalScene.RemoveAsync(RemovalScene.Keeping(vault, TwoDays));
            Assert.Equal([3, 5, 6], (await scene.DaysLeftAsync()).Where(static day => day >= 0));
            Assert.Equal(4, scene.CountOf("snapshots/"));
            Assert.InRange(scene.CountOf("removals/"), 1, 4);
            Assert.InRange(n, 1, 400);
        }

        Assert.Contains("6False", outcomes);
        Assert.Contains("3True", outcomes);
    }

    [Theory]
    [InlineData(FaultFlavour.NotPersisted, false)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, false)]
    [InlineData(FaultFlavour.NotPersisted, true)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, true)]
    public async Task Wherever_the_taking_back_of_a_removal_stops_the_next_one_ends_it(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var scene = await RemovalScene.CreateAsync(1);
        scene.Bench.Time.Advance(TimeSpan.FromDays(400));
        for (var day = 1; day < 6; day++)
        {
            await scene.NextDayAsync(isVerified: day == 5);
        }

        await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[0], scene.Days[4]], "a clock was ahead", CancellationToken.None);
        await RemovalRecord.WriteAsync(scene.Owner, [scene.Days[4], scene.Days[5]], "and the power went", CancellationToken.None);
        await scene.Owner.AppendAsync([VaultPolicy.Default with { RetentionFloor = TimeSpan.FromDays(365) }], CancellationToken.None);
        scene.Bench.Time.Advance(TimeSpan.FromHours(2));
        var before = scene.Bench.Target;
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            scene.Bench.Target = before.Clone();
            var faulty = new FaultTarget(scene.Bench.Target, new FaultPlan(n, flavour, isDeadAfterwards));
            await FailureOfAsync(scene, faulty, $"host-{n}", new RetentionPolicy { KeepLast = 9 });
            hasReachedAll = !faulty.HasTripped;
            Assert.Equal(5, scene.CountOf("snapshots/") - (scene.Bench.Target.Objects.ContainsKey(ObjectNames.Manifest(scene.Days[0].Id)) ? 1 : 0));
            Assert.Subset(new HashSet<int> { 1, 2, 3, 4, 5 }, (await scene.DaysLeftAsync()).ToHashSet());
            scene.Bench.Time.Advance(TimeSpan.FromHours(2));
            using var vault = await scene.OpenAsync(scene.Bench.Target, $"next-{n}");
            await RemovalScene.RemoveAsync(RemovalScene.Keeping(vault, new RetentionPolicy { KeepLast = 9 }));
            Assert.Equal([1, 2, 3, 4, 5], await scene.DaysLeftAsync());
            Assert.Equal(5, scene.CountOf("snapshots/"));
            Assert.InRange(n, 1, 400);
        }
    }

    [Fact]
    public async Task Many_removals_stay_few_records_and_each_keeps_its_reason()
    {
        using var scene = await RemovalScene.CreateAsync(2, verified: [0]);
        for (var day = 0; day < 60; day++)
        {
            await scene.NextDayAsync();
            await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, TwoDays) with { Reason = $"day {day}" });
            Assert.InRange(scene.CountOf("removals/"), 0, RemovalFold.MinRecords + 1);
        }

        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        var reasons = catalog.Removals.SelectMany(record => record.Record.OpenReasons(scene.Owner, record.Header)).ToList();
        Assert.Equal(59, catalog.Removals.SelectMany(static record => record.Record.Removed).DistinctBy(static removed => removed.Manifest).Count());
        Assert.Equal(Enumerable.Range(1, 59).Select(static day => $"day {day}").Order(StringComparer.Ordinal), reasons.Order(StringComparer.Ordinal));
        Assert.Equal([0, 60, 61], await scene.DaysLeftAsync());
    }

    [Fact]
    public async Task A_look_that_a_fold_overtakes_looks_again()
    {
        using var scene = await RemovalScene.CreateAsync(30);
        var target = new OvertakenTarget(scene.Bench.Target);
        foreach (var day in scene.Days.Take(20))
        {
            await RemovalRecord.WriteAsync(scene.Owner, [day], "one by one", CancellationToken.None);
            scene.Bench.Target.Remove(ObjectNames.Manifest(day.Id));
        }

        await scene.NextDayAsync();
        var folds = 0;
        target.BeforeRecord = async () => folds += (await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, new RetentionPolicy { KeepDaily = 99 }))).RecordsFolded;
        Assert.Equal([.. Enumerable.Range(20, 11)], await scene.DaysLeftAsync(target));
        Assert.Equal((20, 1), (folds, scene.CountOf("removals/")));
    }

    /// <summary>The listing passes the successor's place before it is there, and reaches its predecessors when they are gone.</summary>
    [Fact]
    public async Task A_listing_that_a_fold_overtakes_is_made_again_before_anything_is_missing()
    {
        using var scene = await RemovalScene.CreateAsync(30);
        foreach (var day in scene.Days.Take(20))
        {
            await RemovalRecord.WriteAsync(scene.Owner, [day], "one by one", CancellationToken.None);
            scene.Bench.Target.Remove(ObjectNames.Manifest(day.Id));
        }

        await scene.NextDayAsync();
        var folds = 0;
        var target = new OvertakenTarget(scene.Bench.Target)
        {
            WhileListing = async () => folds += (await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, new RetentionPolicy { KeepDaily = 99 }))).RecordsFolded,
        };
        using var vault = await scene.OpenAsync(target, "late");
        var catalog = await SnapshotCatalog.LoadAsync(vault, CancellationToken.None);
        Assert.Empty(catalog.Problems);
        Assert.Equal((20, 11, 20), (folds, catalog.Snapshots.Count, catalog.Removed.Count));
    }

    [Fact]
    public async Task A_record_that_storage_takes_away_is_missed()
    {
        using var scene = await RemovalScene.CreateAsync(4);
        await RemovalScene.RemoveAsync(RemovalScene.Keeping(scene.Owner, TwoDays));
        scene.Bench.Target.Remove(scene.Bench.Single("removals/"));
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        Assert.Contains(catalog.Problems, static problem => problem.Code == FaultCodes.SnapshotMissing);
    }

    private static async Task<TargetException?> FailureOfAsync(RemovalScene scene, Target target, string host, RetentionPolicy? policy = null)
    {
        try
        {
            using var vault = await scene.OpenAsync(target, host);
            await RemovalScene.RemoveAsync(RemovalScene.Keeping(vault, policy ?? TwoDays));
            return null;
        }
        catch (TargetException failure)
        {
            return failure;
        }
    }

    /// <summary>Between the listing of removal records and the first read of one something happens, once.</summary>
    private sealed class OvertakenTarget(Target inner) : DelegatingTarget(inner)
    {
        private readonly SemaphoreSlim _turn = new(1, 1);

        internal Func<Task>? BeforeRecord { get; set; }

        internal Func<Task>? WhileListing { get; set; }

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var passed = await base.ListAsync(prefix, cancellationToken).ToListAsync(cancellationToken);
            if (WhileListing is { } next && string.Equals(prefix, ObjectNames.Removals, StringComparison.Ordinal))
            {
                WhileListing = null;
                await next();
                var left = await base.ListAsync(prefix, cancellationToken).Select(static stat => stat.Name).ToHashSetAsync(cancellationToken: cancellationToken);
                passed.RemoveAll(stat => !left.Contains(stat.Name));
            }

            foreach (var stat in passed)
            {
                yield return stat;
            }
        }

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (name.Value.StartsWith(ObjectNames.Removals, StringComparison.Ordinal))
            {
                await _turn.WaitAsync(cancellationToken);
                try
                {
                    var next = BeforeRecord;
                    BeforeRecord = null;
                    await (next?.Invoke() ?? Task.CompletedTask);
                }
                finally
                {
                    _turn.Release();
                }
            }

            await base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override async ValueTask DisposeAsync()
        {
            _turn.Dispose();
            await base.DisposeAsync();
        }
    }
}
