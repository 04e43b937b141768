using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Targets.Google;
using SecureBackup.Tests.Unit.Pipeline;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Life;

/// <summary>The same life as <see cref="VaultLifeTests"/> with the engine alone, in a bucket of Google's protocol.</summary>
public sealed class GcsVaultLifeTests
{
    private const int PackBytes = 1 << 20;
    private const int DeadAfterPacks = 3;
    private const int BigBytes = 6 * PackBytes;

    /// <summary>And not so long that a marker is void.</summary>
    private static readonly TimeSpan LongerThanGrace = TimeSpan.FromHours(28);

    private static readonly RetryOptions Patience = new(10, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1)) { MaxRetryAfter = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_a_bucket_whose_server_dies_and_comes_back()
    {
        var time = new ShiftedTime();
        await using var gcs = await GcsStore.StartAsync(options: new() { Time = time });
        await using var store = await MortalStore.StartAsync(
            gcs.Server.Address, static request => request.ContentLength > PackBytes, async () => await gcs.Server.KillAsync(), gcs.Server.StartAgainAsync);
        await using var target = Open(gcs, store.Address);
        using var scene = await PipelineScene.CreateAsync(target, PackBytes, ChunkerCatalog.Small);
        var snapshots = new List<SnapshotId>();

        for (var run = 1; run <= LifeStory.Runs; run++)
        {
            LifeStory.Write(run, StateOf(scene, run - 1), StateOf(scene, run), BigBytes);
            Change(scene, run);
            if (run == LifeStory.RunWithoutStore)
            {
                store.DieAfter(DeadAfterPacks, comesBack: false);
                await FailAsync(scene, store);
                await store.ReviveAsync();
                store.CountAnew();
            }
            else if (run == LifeStory.RunWithDeath)
            {
                store.DieAfter(DeadAfterPacks, comesBack: true);
            }

            var result = await scene.BackUpAsync();
            snapshots.Add(result.Snapshot.Id);
            Assert.Equal(run == LifeStory.RunWithoutStore ? DeadAfterPacks : 0, result.PacksAdopted);
            if (run == LifeStory.RunWithoutStore)
            {
                Assert.InRange(store.PackBytes, 1, BigBytes - ((DeadAfterPacks - 1) * PackBytes));
            }
        }

        Assert.InRange(await store.RevivedAsync(), 1, int.MaxValue);
        await LookBackAsync(scene, snapshots);
        await PruneAsync(scene, snapshots, time);
    }

    private static string StateOf(PipelineScene scene, int run) => scene.Folder[$"state-{run}"];

    private static void Change(PipelineScene scene, int run)
    {
        if (run > 1)
        {
            Directory.Delete(scene.SourcePath, recursive: true);
        }

        LifeStory.Copy(StateOf(scene, run), scene.SourcePath);
    }

    private static async Task FailAsync(PipelineScene scene, MortalStore store)
    {
        var error = await Assert.ThrowsAsync<TargetException>(() => scene.BackUpAsync());

        Assert.Equal(FaultCodes.TargetUnavailable, error.Code);
        Assert.True(store.IsDead);
        Assert.Equal(DeadAfterPacks, store.Packs);
    }

    private static async Task LookBackAsync(PipelineScene scene, List<SnapshotId> snapshots)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Equal(snapshots.ToHashSet(), catalog.Snapshots.Select(static snapshot => snapshot.Id).ToHashSet());
        for (var run = 1; run <= LifeStory.Runs; run++)
        {
            await scene.RestoreAsync(vault, snapshots[run - 1], scene.Folder[$"back-{run}"]);
            LifeStory.AssertSame(StateOf(scene, run), scene.Folder[$"back-{run}/source"]);
        }
    }

    /// <summary>What the fifth run alone needed goes; what is left stays whole.</summary>
    private static async Task PruneAsync(PipelineScene scene, List<SnapshotId> snapshots, ShiftedTime time)
    {
        using (var vault = await scene.UnlockAsync())
        {
            var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
            await RemovalRecord.WriteAsync(vault, [.. snapshots.Take(7).Select(id => catalog.Resolve(id.ToString()))], "no longer kept", Token);
            foreach (var id in snapshots.Take(7))
            {
                await vault.Target.DeleteAsync(ObjectNames.Manifest(id), Token);
            }
        }

        Assert.InRange((await CollectLaterAsync(scene, time)).PacksCondemned, 5, int.MaxValue);
        Assert.InRange((await CollectLaterAsync(scene, time)).PacksDeleted, 5, int.MaxValue);
        foreach (var id in snapshots.Skip(7))
        {
            Assert.Empty((await scene.VerifyAsync(id)).Faults);
        }
    }

    private static async Task<CollectResult> CollectLaterAsync(PipelineScene scene, ShiftedTime time)
    {
        time.Offset += LongerThanGrace;
        scene.AdvanceTime(LongerThanGrace);
        using var vault = await scene.UnlockAsync();
        return await CollectCorridor.RunAsync(vault, CollectOptions.Default, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }

    private static Target Open(GcsStore gcs, Uri address)
    {
        using var credential = gcs.Credential();
        var settings = GcsSettings.From(gcs.Settings(), TimeSpan.FromSeconds(60)) with { Endpoint = address };
        return TargetStack.Build(new GcsTarget(settings, GcsCredentials.From(credential, settings), TimeProvider.System), new TargetStackOptions { Retry = Patience });
    }
}
