using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>The storage shows an earlier state, or less than there was.</summary>
public sealed class RollbackTests
{
    [Fact]
    public async Task An_earlier_register_is_refused_by_a_host_that_saw_a_later_one_and_by_a_key_that_pins_one()
    {
        using var scene = await AttackScene.CreateAsync();
        var earlier = scene.Target.Clone();
        (await scene.WriterAsync("first")).Dispose();
        var between = scene.Target.Clone();
        (await scene.WriterAsync("second")).Dispose();
        var pinned = scene.KeyPathOf("second");

        // The key of the second writer pins the entry of the first, which the earliest state lacks.
        var opening = () => scene.OpenAsync(CredentialFile.Read(pinned, scene.Sink), scene.Forgetful(), earlier);
        Assert.Equal(FaultCodes.VaultRolledBack, (await Assert.ThrowsAsync<VaultException>(opening)).Code);

        // The owner's host saw the second writer's entry come into being.
        (await scene.OwnerAsync()).Dispose();
        Assert.Equal(FaultCodes.VaultRolledBack, (await Assert.ThrowsAsync<VaultException>(() => scene.OwnerAsync(target: between))).Code);

        // On an empty machine the owner's own key file proves what it pins, and a passphrase nothing.
        using var byFile = await scene.OwnerAsync(scene.Forgetful(), between);
        Assert.True(byFile.Freshness.IsProven);
        Assert.Contains("the key file", byFile.Freshness.ToString(), StringComparison.Ordinal);
        scene.Target = between;
        using var byPassphrase = await scene.OwnerByPassphraseAsync(scene.Forgetful());
        Assert.False(byPassphrase.Freshness.IsProven);
        Assert.Contains("not proven", byPassphrase.Freshness.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_history_after_the_same_beginning_is_a_fork()
    {
        using var scene = await AttackScene.CreateAsync();
        var beginning = scene.Target.Clone();
        (await scene.WriterAsync("first")).Dispose();
        (await scene.OwnerAsync()).Dispose();
        scene.Target = beginning;
        using (var elsewhere = await scene.OwnerAsync(scene.Forgetful()))
        {
            await WriterKeys.ExportAsync(elsewhere, "other", scene.KeyPathOf("other"), null, AttackScene.Token);
        }

        Assert.Equal(FaultCodes.VaultForked, (await Assert.ThrowsAsync<VaultException>(() => scene.OwnerAsync())).Code);
    }

    [Fact]
    public async Task Snapshots_that_went_back_are_missed_by_the_host_that_saw_them()
    {
        using var scene = await AttackScene.CreateAsync();
        using var owner = await scene.OwnerAsync();
        scene.Write("a.txt", "one"u8);
        await scene.BackUpAsync(owner);
        var earlier = scene.Target.Clone();
        scene.Write("a.txt", "three"u8);
        var newest = await scene.BackUpAsync(owner);
        await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);

        using var rolledBack = await scene.OwnerAsync(target: earlier);
        for (var look = 0; look < 2; look++)
        {
            var problem = Assert.Single((await SnapshotCatalog.LoadAsync(rolledBack, AttackScene.Token)).Problems);
            Assert.Equal(FaultCodes.SnapshotMissing, problem.Code);
            Assert.Contains(newest.Snapshot.Id.ToString(), problem.Message, StringComparison.Ordinal);
        }

        using var elsewhere = await scene.OwnerAsync(scene.Forgetful(), earlier);
        Assert.Empty((await SnapshotCatalog.LoadAsync(elsewhere, AttackScene.Token)).Problems);
    }

    [Fact]
    public async Task A_backup_is_remembered_by_the_host_that_made_it_even_if_it_never_lists()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.Write("a.txt", "one"u8);
        using (var owner = await scene.OwnerAsync())
        {
            var backup = await scene.BackUpAsync(owner);
            scene.Target.Remove(ObjectNames.Manifest(backup.Snapshot.Id));
        }

        using var again = await scene.OwnerAsync();
        Assert.Equal(FaultCodes.SnapshotMissing, Assert.Single((await SnapshotCatalog.LoadAsync(again, AttackScene.Token)).Problems).Code);
    }

    [Fact]
    public async Task A_snapshot_missing_in_the_middle_is_missed_by_anybody()
    {
        using var scene = await AttackScene.CreateAsync();
        using var owner = await scene.OwnerAsync();
        scene.Write("a.txt", "one"u8);
        await scene.BackUpAsync(owner);
        scene.Write("a.txt", "three"u8);
        var middle = await scene.BackUpAsync(owner);
        scene.Write("a.txt", "seven"u8);
        await scene.BackUpAsync(owner);
        scene.Target.Remove(ObjectNames.Manifest(middle.Snapshot.Id));

        using var elsewhere = await scene.OwnerByPassphraseAsync(scene.Forgetful());
        var catalog = await SnapshotCatalog.LoadAsync(elsewhere, AttackScene.Token);
        Assert.Equal(2, catalog.Snapshots.Count);
        Assert.Equal(FaultCodes.SnapshotMissing, Assert.Single(catalog.Problems).Code);
    }

    [Fact]
    public async Task A_snapshot_whose_author_knew_more_of_the_register_tells_on_it()
    {
        using var scene = await AttackScene.CreateAsync();
        var earlier = scene.Target.Clone();
        scene.Write("a.txt", "one"u8);
        (await scene.WriterAsync("first")).Dispose();
        using (var owner = await scene.OwnerAsync())
        {
            await scene.BackUpAsync(owner);
        }

        // Everything stays but the newest entry of the register; on an empty machine, with a passphrase alone.
        foreach (var name in scene.Names("register/").Except(earlier.Objects.Keys).ToList())
        {
            scene.Target.Remove(name);
        }

        using var elsewhere = await scene.OwnerByPassphraseAsync(scene.Forgetful());
        var catalog = await SnapshotCatalog.LoadAsync(elsewhere, AttackScene.Token);
        Assert.Equal(FaultCodes.VaultRolledBack, Assert.Single(catalog.Problems).Code);
    }
}
