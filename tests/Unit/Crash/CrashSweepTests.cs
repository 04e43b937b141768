using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Lets every single operation of a backup go wrong in every way, and looks at what is left.</summary>
public sealed class CrashSweepTests
{
    private static readonly RetryOptions Impatient = new(2, TimeSpan.FromTicks(1), TimeSpan.FromTicks(1));

    [Theory]
    [InlineData(FaultFlavour.NotPersisted, false)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, false)]
    [InlineData(FaultFlavour.NotPersisted, true)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, true)]
    public async Task Whatever_fails_old_snapshots_stand_and_the_next_run_succeeds(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var scene = await CrashScene.CreateAsync();
        var lostEnds = 0;
        await SweepAsync(scene, n => new FaultPlan(n, flavour, isDeadAfterwards), target => target, (target, failure) =>
        {
            // The last operation announces the session's end; a run is whole without it.
            lostEnds += target.HasTripped && failure is null ? 1 : 0;
        });
        Assert.InRange(lostEnds, 0, 3);
    }

    [Fact]
    public async Task A_run_whose_last_word_is_lost_has_succeeded()
    {
        using var scene = await CrashScene.CreateAsync();
        var trial = scene.NewTrial();
        using (var vault = await scene.UnlockAsync(new MuteTarget(trial.Target), trial.Host))
        {
            var backup = await CrashScene.BackUpAsync(vault, scene.After);
            await CrashScene.RequireSoundAsync(vault, backup.Snapshot);
        }

        var next = await scene.RequireIntactAsync(trial);
        Assert.Equal(0, next.BytesRead);
    }

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    public async Task One_transient_failure_is_retried_and_costs_nothing(FaultFlavour flavour)
    {
        using var scene = await CrashScene.CreateAsync();
        await SweepAsync(scene, n => new FaultPlan(n, flavour), target => new RetryTarget(target, Impatient), (_, failure) => Assert.Null(failure));
    }

    [Fact]
    public async Task A_store_that_stays_away_ends_the_run_behind_retries_as_without_them()
    {
        using var scene = await CrashScene.CreateAsync();
        var failures = 0;
        await SweepAsync(
            scene,
            n => new FaultPlan(n, FaultFlavour.PersistedButReportedFailed, IsDeadAfterwards: true),
            target => new RetryTarget(target, Impatient),
            (_, failure) => failures += failure is null ? 0 : 1);
        Assert.InRange(failures, 30, 400);
    }

    /// <summary>Goes on to the first number that a run does not reach: packs differ a little from run to run, and so does their number.</summary>
    private static async Task SweepAsync(
        CrashScene scene, Func<int, FaultPlan> planOf, Func<FaultTarget, Target> wrap, Action<FaultTarget, TargetException?> judge)
    {
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            var trial = scene.NewTrial();
            var target = new FaultTarget(trial.Target, planOf(n));
            var failure = await FailureOfAsync(scene, trial, wrap(target));
            judge(target, failure);
            hasReachedAll = !target.HasTripped;
            if (hasReachedAll)
            {
                Assert.Null(failure);
                RequireSizeable(n, trial);
            }

            var next = await scene.RequireIntactAsync(trial);
            if (failure is null)
            {
                Assert.Equal((0, 0), (next.PacksAdopted, next.BytesStored));
            }
        }
    }

    /// <summary>A sweep over a run of few steps would show little.</summary>
    private static void RequireSizeable(int operations, Trial trial)
    {
        Assert.InRange(operations, 30, 400);
        Assert.InRange(trial.CountOf("index/"), 3, 100);
        Assert.InRange(trial.CountOf("packs/"), 6, 100);
    }

    private static async Task<TargetException?> FailureOfAsync(CrashScene scene, Trial trial, Target target)
    {
        try
        {
            using var vault = await scene.UnlockAsync(target, trial.Host);
            await CrashScene.BackUpAsync(vault, scene.After);
            return null;
        }
        catch (TargetException failure)
        {
            Assert.Equal(TargetFault.Unavailable, failure.Fault);
            return failure;
        }
    }

    /// <summary>No session ends here.</summary>
    private sealed class MuteTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
            name.Value.EndsWith("-end", StringComparison.Ordinal)
                ? Task.FromException<PutReceipt>(new TargetException(TargetFault.Unavailable, "The line is dead."))
                : base.PutAsync(name, content, options, cancellationToken);
    }
}
