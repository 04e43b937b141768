using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a backup host's key can do in whole runs, and what it cannot.</summary>
public sealed class WriterKeyTests
{
    private const int Length = 3_000_000;

    [Fact]
    public async Task A_writer_backs_up_what_the_owner_restores()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        scene.WriteRandom("big.bin", Length, seed: 1);
        using var owner = await scene.UnlockAsync();
        BackupResult backup;
        using (var writer = await ExportAsync(scene, owner, "shop01"))
        {
            backup = await scene.BackUpAsync(writer);
            Assert.Equal(writer.Self, backup.Snapshot.Writer);
        }

        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        var restored = await scene.RestoreAsync(owner, backup.Snapshot.Id);
        Assert.Empty(restored.Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    [Fact]
    public async Task A_writer_is_no_reader_and_says_so()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        var backup = await scene.BackUpAsync();
        using var owner = await scene.UnlockAsync();
        using var writer = await ExportAsync(scene, owner, "shop01");
        Assert.False(writer.IsReader);
        Assert.Equal(FaultCodes.NotAReader, Assert.Throws<KeyException>(() => writer.RequireReader()).Code);
        var refused = await Assert.ThrowsAsync<KeyException>(() => scene.RestoreAsync(writer, backup.Snapshot.Id));
        Assert.Equal(FaultCodes.NotAReader, refused.Code);
        Assert.False(Directory.Exists(scene.RestorePath) && Directory.EnumerateFileSystemEntries(scene.RestorePath).Any());
    }

    [Fact]
    public async Task A_writer_leans_on_its_own_packs_and_the_owners()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("big.bin", Length, seed: 1);
        await scene.BackUpAsync();
        using var owner = await scene.UnlockAsync();
        using var writer = await ExportAsync(scene, owner, "shop01");
        var first = await scene.BackUpAsync(writer, Named("of-the-host"));
        Assert.Equal(Length, first.BytesRead);
        Assert.True(first.BytesStored < Length / 10, $"{first.BytesStored} bytes were stored although the owner's packs hold the content.");

        scene.WriteRandom("more.bin", Length, seed: 2);
        var second = await scene.BackUpAsync(writer, Named("of-the-host"));
        Assert.True(second.BytesStored > Length);
        var third = await scene.BackUpAsync(writer, Named("once-more"));
        Assert.Equal(2 * Length, third.BytesRead);
        Assert.True(third.BytesStored < Length / 10, $"{third.BytesStored} bytes were stored although the writer's own packs hold the content.");
    }

    [Theory]
    [InlineData(TrustedPacks.OwnAndAttested, false)]
    [InlineData(TrustedPacks.AllMembers, true)]
    public async Task Another_writers_packs_count_only_at_the_owners_word(TrustedPacks trust, bool leansOnOthers)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("big.bin", Length, seed: 1);
        using var owner = await scene.UnlockAsync();
        await owner.AppendAsync([VaultPolicy.Default with { DeduplicationTrust = trust }], PipelineScene.Token);
        using (var first = await ExportAsync(scene, owner, "shop01"))
        {
            await scene.BackUpAsync(first);
        }

        using var second = await ExportAsync(scene, owner, "shop02");
        var backup = await scene.BackUpAsync(second, Named("of-the-second"));
        Assert.Equal(leansOnOthers, backup.BytesStored < Length / 10);
        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        var restored = await scene.RestoreAsync(owner, backup.Snapshot.Id);
        Assert.Empty(restored.Faults);
    }

    [Fact]
    public async Task A_data_set_that_the_key_may_not_write_is_refused_before_anything_is_done()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        using var owner = await scene.UnlockAsync();
        using var writer = await ExportAsync(scene, owner, "shop01", "shop");
        var before = await NamesAsync(scene);
        var refused = await Assert.ThrowsAsync<KeyException>(() => scene.BackUpAsync(writer, Named("payroll")));
        Assert.Equal(FaultCodes.DataSetNotAllowed, refused.Code);
        Assert.Equal(before, await NamesAsync(scene));
        Assert.Equal(SnapshotOutcome.Succeeded, (await scene.BackUpAsync(writer, Named("shop"))).Outcome);
    }

    private static BackupOptions Named(string dataSet) => PipelineScene.Options with { DataSet = dataSet };

    private static async Task<UnlockedVault> ExportAsync(PipelineScene scene, UnlockedVault owner, string name, params string[] dataSets)
    {
        var path = scene.Folder[$"{name}.key"];
        await WriterKeys.ExportAsync(owner, name, path, dataSets.Length == 0 ? null : dataSets, PipelineScene.Token);
        using var credential = CredentialFile.Read(path, scene.Sink);
        return await (await LockedVault.OpenAsync(scene.Target, PipelineScene.Token)).UnlockAsync(credential, scene.Context, PipelineScene.Token);
    }

    private static async Task<List<string>> NamesAsync(PipelineScene scene) =>
        await scene.Target.ListAsync(string.Empty, PipelineScene.Token).Select(stat => stat.Name.Value).Order().ToListAsync(PipelineScene.Token);
}
