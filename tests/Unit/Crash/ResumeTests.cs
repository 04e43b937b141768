using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Crash;

public sealed class ResumeTests
{
    [Theory]
    [InlineData(FaultFlavour.Cancelled, false)]
    [InlineData(FaultFlavour.NotPersisted, false)]
    [InlineData(FaultFlavour.NotPersisted, true)]
    public async Task An_interrupted_run_is_carried_on_where_it_stopped(FaultFlavour flavour, bool isHasty)
    {
        using var scene = await CrashScene.CreateAsync(newBytes: 2_000_000);
        scene.IsHasty = isHasty;
        var full = await scene.BackUpAsync(scene.NewTrial());
        var trial = scene.NewTrial();
        var packsBefore = trial.CountOf("packs/");
        var packBytesBefore = trial.BytesOf("packs/");
        using var cancellation = new CancellationTokenSource();
        var half = (int)(full.BytesStored / CrashScene.PackSizeBytes);
        var target = new FaultTarget(trial.Target, new FaultPlan(25 + half, flavour, IsDeadAfterwards: true) { Cancellation = cancellation });
        using (var vault = await scene.UnlockAsync(target, trial.Host))
        using (var source = CrashScene.OpenSource(scene.After))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => BackupCorridor.RunAsync(vault, source, CrashScene.OptionsFor("shop"), RunContext.Unwatched, cancellation.Token));
        }

        var storedPacks = trial.CountOf("packs/") - packsBefore;
        var storedBytes = trial.BytesOf("packs/") - packBytesBefore;
        Assert.InRange(storedBytes, full.BytesStored / 5, full.BytesStored * 4 / 5);
        var next = await scene.RequireIntactAsync(trial);
        Assert.True(isHasty ? next.PacksAdopted < storedPacks : next.PacksAdopted == storedPacks, $"{next.PacksAdopted} of {storedPacks} packs were adopted.");
        Assert.InRange(next.BytesStored, 1, full.BytesStored - storedBytes + (2 * CrashScene.PackSizeBytes));
    }

    [Fact]
    public async Task Lost_packs_are_stored_again_by_the_next_run_though_no_file_changed()
    {
        using var scene = await CrashScene.CreateAsync();
        var trial = scene.NewTrial();
        var first = await scene.BackUpAsync(trial);
        var packs = trial.Target.Objects.Keys.Where(static name => name.Value.StartsWith("packs/", StringComparison.Ordinal)).ToList();
        var healings = 0;
        foreach (var lost in packs)
        {
            var damaged = scene.CopyOf(trial);
            Assert.True(damaged.Target.Remove(lost));
            using var vault = await scene.UnlockAsync(damaged.Target, damaged.Host);
            var isNeeded = await CountFaultsAsync(vault, first.Snapshot) > 0;
            healings += isNeeded ? 1 : 0;

            var next = await CrashScene.BackUpAsync(vault, scene.After);
            Assert.Equal(isNeeded, next.BytesStored > 0);
            Assert.InRange(next.BytesStored, 0, 3 * CrashScene.PackSizeBytes);
            Assert.Equal(0, await CountFaultsAsync(vault, next.Snapshot));
            await scene.RequireRestorableAsync(vault, next.Snapshot, scene.After);

            // The content is the same, so the older snapshot gets its own back from the new packs.
            await scene.RequireRestorableAsync(vault, first.Snapshot, scene.After);
        }

        Assert.InRange(healings, 6, packs.Count - 1);
    }

    private static async Task<int> CountFaultsAsync(UnlockedVault vault, Snapshot snapshot)
    {
        var request = new VerifyRequest(vault.RequireReader(), snapshot, await SnapshotCatalog.LoadAsync(vault, CrashScene.Token)) { ReadsData = true };
        return (await VerifyCorridor.RunAsync(request, RunContext.Unwatched, CrashScene.Token)).Faults.Count;
    }
}
