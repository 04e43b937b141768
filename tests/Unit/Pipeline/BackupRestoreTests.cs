using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class BackupRestoreTests
{
    [Fact]
    public async Task What_was_backed_up_comes_back()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        scene.Write("empty", []);
        scene.WriteRandom("big.bin", 12_000_000, seed: 1);
        scene.Write("deep/er/b.txt", "deeper"u8);
        var backup = await scene.BackUpAsync();
        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        Assert.Equal(4, backup.FilesNew);
        Assert.Equal(4, backup.Snapshot.FileCount);

        var restored = await scene.RestoreAsync(backup.Snapshot.Id);
        Assert.Empty(restored.Faults);
        Assert.Equal(4, restored.Files);
        AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    [Fact]
    public async Task A_second_run_without_changes_reads_and_stores_nothing_of_the_files()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        scene.WriteRandom("big.bin", 8_000_000, seed: 1);
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        await scene.BackUpAsync();
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var second = await scene.BackUpAsync();
        Assert.Equal(2, second.FilesUnchanged);
        Assert.Equal(0, second.BytesRead);
        Assert.Equal(0, second.BytesStored);
        Assert.Equal(0, second.ChunksNew);
        var restored = await scene.RestoreAsync(second.Snapshot.Id);
        Assert.Empty(restored.Faults);
        AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    [Fact]
    public async Task A_change_in_the_middle_of_a_large_file_stores_little()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("big.bin", 60_000_000, seed: 1);
        var first = await scene.BackUpAsync();
        using (var file = File.OpenWrite(Path.Combine(scene.SourcePath, "big.bin")))
        {
            file.Position = 30_000_000;
            file.Write("changed"u8);
        }

        var second = await scene.BackUpAsync();
        Assert.Equal(1, second.FilesChanged);
        Assert.True(second.BytesStored < first.BytesStored / 6, $"{second.BytesStored} of {first.BytesStored} bytes were stored again.");
    }

    [Fact]
    public async Task The_check_of_a_sound_snapshot_finds_nothing_and_makes_it_verified()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("big.bin", 3_000_000, seed: 1);
        var backup = await scene.BackUpAsync();
        var check = await scene.VerifyAsync(backup.Snapshot.Id);
        Assert.Empty(check.Faults);
        Assert.True(check.HasCompletedCycle);
        Assert.Equal(check.PacksTotal, check.PacksRead);
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, PipelineScene.Token);
        Assert.True(Assert.Single(catalog.Snapshots).IsVerified);
    }

    [Fact]
    public async Task An_empty_source_is_refused_and_nothing_is_committed()
    {
        using var scene = await PipelineScene.CreateAsync();
        var refused = await Assert.ThrowsAsync<RequestException>(() => scene.BackUpAsync());
        Assert.Equal(FaultCodes.SourceEmpty, refused.Code);
        using var vault = await scene.UnlockAsync();
        Assert.Empty((await SnapshotCatalog.LoadAsync(vault, PipelineScene.Token)).Snapshots);
    }

    [Fact]
    public async Task A_pattern_restores_what_it_names_with_the_folders_above_it()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("mail/a.eml", "a"u8);
        scene.Write("mail/deep/b.eml", "b"u8);
        scene.Write("other/c.txt", "c"u8);
        var backup = await scene.BackUpAsync();
        var restored = await scene.RestoreAsync(backup.Snapshot.Id, null, "*.eml");
        Assert.Empty(restored.Faults);
        Assert.Equal(["a.eml", "b.eml"], Directory.GetFiles(scene.RestorePath, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order());
        Assert.False(Directory.Exists(Path.Combine(scene.RestorePath, "source", "other")));
        var refused = await Assert.ThrowsAsync<RequestException>(() => scene.RestoreAsync(backup.Snapshot.Id, scene.Folder["elsewhere"], "*.nothing"));
        Assert.Equal(FaultCodes.NothingMatches, refused.Code);
    }

    internal static void AssertSame(string expected, string actual)
    {
        string[] Names(string root) => [.. Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(root, path)).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(expected), Names(actual));
        foreach (var name in Names(expected).Where(name => File.Exists(Path.Combine(expected, name))))
        {
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), $"'{name}' differs.");
            Assert.Equal(File.GetLastWriteTimeUtc(Path.Combine(expected, name)), File.GetLastWriteTimeUtc(Path.Combine(actual, name)));
        }
    }
}
