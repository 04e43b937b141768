using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>A backup of records goes wrong at every operation; two go on at once.</summary>
public sealed class RecordCrashTests
{
    [Theory]
    [InlineData(FaultFlavour.NotPersisted, false)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, false)]
    [InlineData(FaultFlavour.NotPersisted, true)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, true)]
    public async Task Whatever_fails_every_stored_record_can_be_opened_and_the_next_run_succeeds(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var scene = await CrashScene.CreateAsync();
        var first = Members("first");
        var origin = scene.NewTrial();
        await BackUpAsync(scene, origin, origin.Target, first);
        var counting = new FaultTarget(scene.CopyOf(origin).Target, new FaultPlan(0));
        await BackUpAsync(scene, scene.CopyOf(origin), counting, Members("second"));
        Assert.True(counting.OperationCount > 20);
        for (var at = 1; at <= counting.OperationCount; at += CrashScene.IsLong ? 1 : 3)
        {
            var trial = scene.CopyOf(origin);
            var target = new FaultTarget(trial.Target, new FaultPlan(at, flavour, isDeadAfterwards));
            try
            {
                await BackUpAsync(scene, trial, target, Members("second"));
            }
            catch (Exception failure) when (failure is BackupException or OperationCanceledException)
            {
                // What is left is looked at below.
            }

            await RequireIntactAsync(scene, trial, first);
        }
    }

    [Fact]
    public async Task Two_writers_at_once_for_the_same_customers_lose_nothing_of_either()
    {
        using var scene = await CrashScene.CreateAsync();
        var trial = scene.NewTrial();
        var other = scene["other-host"];
        var results = await Task.WhenAll(
            Task.Run(() => BackUpAsync(scene, trial, trial.Target, Members("here"))),
            Task.Run(() => BackUpAsync(scene, trial with { Host = other }, trial.Target, Members("there"))));
        using var vault = await scene.UnlockAsync(trial.Target, trial.Host);
        foreach (var (result, note) in results.Zip(new[] { "here", "there" }))
        {
            var (records, tally) = await RecordScene.ReadAsync(vault, result.Snapshot);
            RecordScene.RequireSame(Members(note), records);
            Assert.Equal(0, tally.ErasedSubjects);
            await CrashScene.RequireSoundAsync(vault, result.Snapshot);
        }

        // Each wrote under a key of its own; a search finds both.
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), Engine.Telemetry.NullSink.Instance, 0, CrashScene.Token);
        var versions = await browser.HistoryAsync(results.Select(result => result.Snapshot), "3", new RecordTally(), CrashScene.Token);
        Assert.Equal(4, versions.Count);
    }

    private static List<(string? Subject, object? Record)> Members(string note) => [.. RecordScene.Members(12, 2, note)];

    private static async Task<BackupResult> BackUpAsync(CrashScene scene, Trial trial, Target target, IEnumerable<(string? Subject, object? Record)> members)
    {
        using var vault = await scene.UnlockAsync(target, trial.Host);
        return await RecordScene.BackUpAsync(vault, scene["spill"], members);
    }

    private static async Task RequireIntactAsync(CrashScene scene, Trial trial, List<(string? Subject, object? Record)> first)
    {
        using var vault = await scene.UnlockAsync(trial.Target, trial.Host);
        var catalog = await SnapshotCatalog.LoadAsync(vault, CrashScene.Token);
        Assert.Empty(catalog.Problems);
        var snapshots = catalog.Snapshots.Where(snapshot => snapshot.Kind == SnapshotKind.Records).ToList();
        Assert.InRange(snapshots.Count, 1, 2);
        var expected = snapshots.Count == 2 ? new[] { Members("second"), first } : [first];
        foreach (var (snapshot, members) in snapshots.Zip(expected))
        {
            var (records, tally) = await RecordScene.ReadAsync(vault, snapshot);
            RecordScene.RequireSame(members, records);
            Assert.Equal(0, tally.ErasedSubjects);
            Assert.Empty(tally.Faults);
        }

        var next = await RecordScene.BackUpAsync(vault, scene["spill"], Members("second"));
        Assert.Equal(SnapshotOutcome.Succeeded, next.Outcome);
        await CrashScene.RequireSoundAsync(vault, next.Snapshot);
        RecordScene.RequireSame(Members("second"), (await RecordScene.ReadAsync(vault, next.Snapshot)).Records);
        Assert.Empty(Directory.GetFileSystemEntries(scene["spill"]));
    }
}
