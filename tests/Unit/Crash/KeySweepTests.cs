using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Making vaults and members: whatever goes wrong at whatever step, there is no half vault, no half register, no member whose key is lost.</summary>
public sealed class KeySweepTests
{
    private const string Passphrase = "four words are better";

    public static TheoryData<FaultFlavour, bool> Flavours => new()
    {
        { FaultFlavour.NotPersisted, false },
        { FaultFlavour.PersistedButReportedFailed, false },
        { FaultFlavour.NotPersisted, true },
        { FaultFlavour.PersistedButReportedFailed, true },
        { FaultFlavour.Cancelled, false },
    };

    [Theory]
    [MemberData(nameof(Flavours))]
    public async Task A_creation_that_fails_leaves_a_whole_vault_or_a_place_to_make_one(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var scene = await CrashScene.CreateAsync();
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            var memory = new MemoryTarget();
            using var cancellation = new CancellationTokenSource();
            var target = new FaultTarget(memory, new FaultPlan(n, flavour, isDeadAfterwards) { Cancellation = cancellation });
            var options = CrashScene.CreationWith(scene[$"{n}.key"]) with { Passphrase = Passphrase.AsMemory(), Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses) };
            var isMade = await TryAsync(async () => (await VaultCreator.CreateAsync(target, options, scene.ContextOf(scene[$"host-{n}"]), cancellation.Token)).Dispose());
            hasReachedAll = !target.HasTripped;
            Assert.Equal(hasReachedAll, isMade);
            if (memory.Objects.ContainsKey(ObjectNames.RegisterEntry(0)))
            {
                await RequireWholeAsync(scene, memory, scene[$"{n}.key"]);
                await VaultBench.RefusedAsync(FaultCodes.VaultExists, () => VaultCreator.CreateAsync(memory, CrashScene.CreationWith(scene["other.key"]), scene.ContextOf(scene["other"]), CrashScene.Token));
                Assert.False(File.Exists(scene["other.key"]), "A refused creation left a key file.");
                continue;
            }

            if (File.Exists(scene[$"{n}.key"]))
            {
                var refused = await VaultBench.RefusedAsync(FaultCodes.KeyFileExists, () => VaultCreator.CreateAsync(memory, options, scene.ContextOf(scene["other"]), CrashScene.Token));
                Assert.NotEmpty(refused.Remedy);
                File.Delete(scene[$"{n}.key"]);
            }

            (await VaultCreator.CreateAsync(memory, options, scene.ContextOf(scene[$"host-{n}"]), CrashScene.Token)).Dispose();
            await RequireWholeAsync(scene, memory, scene[$"{n}.key"]);
        }
    }

    [Theory]
    [MemberData(nameof(Flavours))]
    public async Task An_export_that_fails_leaves_the_register_whole_and_can_be_repeated(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var scene = await CrashScene.CreateAsync();
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            var trial = scene.NewTrial();
            using var cancellation = new CancellationTokenSource();
            var target = new FaultTarget(trial.Target, new FaultPlan(n, flavour, isDeadAfterwards) { Cancellation = cancellation });
            using (var owner = await TryUnlockAsync(scene, target, trial.Host))
            {
                var isMade = owner is not null
                    && await TryAsync(async () => await WriterKeys.ExportAsync(owner, "till", scene[$"{n}.key"], ["shop"], cancellation.Token));
                hasReachedAll = !target.HasTripped;
                Assert.Equal(hasReachedAll, isMade);
                await RequireKeyOrStrangerAsync(scene, trial, scene[$"{n}.key"]);

                // Also without opening the vault anew, where its line came back.
                if (owner is not null && target.HasTripped && !isDeadAfterwards)
                {
                    await WriterKeys.ExportAsync(owner, "till", scene[$"{n}-again.key"], ["shop"], CrashScene.Token);
                }
            }

            using (var owner = await scene.UnlockAsync(trial.Target, trial.Host))
            {
                await WriterKeys.ExportAsync(owner, "till", scene[$"{n}-last.key"], ["shop"], CrashScene.Token);
            }

            foreach (var key in new[] { scene[$"{n}-again.key"], scene[$"{n}-last.key"] }.Where(File.Exists))
            {
                using var writer = await scene.UnlockAsync(trial.Target, trial.Host + "-till", key, CrashScene.Token);
                await CrashScene.BackUpAsync(writer, scene.After);
            }

            await scene.RequireHealthyAsync(trial);
        }
    }

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    public async Task One_lost_answer_behind_retries_costs_neither_a_vault_nor_a_member(FaultFlavour flavour)
    {
        using var scene = await CrashScene.CreateAsync();
        var patience = new RetryOptions(2, TimeSpan.FromTicks(1), TimeSpan.FromTicks(1));
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            var memory = new MemoryTarget();
            var target = new FaultTarget(memory, new FaultPlan(n, flavour));
            var path = scene[$"retried-{n}.key"];
            using (var owner = await VaultCreator.CreateAsync(new RetryTarget(target, patience), CrashScene.CreationWith(path), scene.ContextOf(scene[$"retried-{n}"]), CrashScene.Token))
            {
                await WriterKeys.ExportAsync(owner, "till", scene[$"retried-{n}-till.key"], null, CrashScene.Token);
            }

            hasReachedAll = !target.HasTripped;
            await RequireWholeAsync(scene, memory, path);
            await RequireWholeAsync(scene, memory, scene[$"retried-{n}-till.key"]);
        }
    }

    private static async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (TargetException failure) when (failure.Fault == TargetFault.Unavailable)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<UnlockedVault?> TryUnlockAsync(CrashScene scene, Target target, string host)
    {
        UnlockedVault? vault = null;
        await TryAsync(async () => vault = await scene.UnlockAsync(target, host));
        return vault;
    }

    private static async Task RequireWholeAsync(CrashScene scene, MemoryTarget target, string keyPath)
    {
        using var vault = await scene.UnlockAsync(target, keyPath + "-host", keyPath, CrashScene.Token);
        var backup = await CrashScene.BackUpAsync(vault, scene.After);
        Assert.Contains((await SnapshotCatalog.LoadAsync(vault, CrashScene.Token)).Snapshots, snapshot => snapshot.Id == backup.Snapshot.Id);
    }

    /// <summary>A key file that a failed export left is a member's, or says that it is nobody's.</summary>
    private static async Task RequireKeyOrStrangerAsync(CrashScene scene, Trial trial, string keyPath)
    {
        if (!File.Exists(keyPath))
        {
            return;
        }

        try
        {
            using var writer = await scene.UnlockAsync(trial.Target, trial.Host + "-half", keyPath, CrashScene.Token);
            Assert.False(writer.IsReader);
            await CrashScene.BackUpAsync(writer, scene.After);
        }
        catch (KeyException stranger)
        {
            Assert.Equal(FaultCodes.MemberUnknown, stranger.Code);
        }
    }
}
