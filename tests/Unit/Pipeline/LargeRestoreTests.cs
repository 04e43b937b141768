using SecureBackup.Engine.Chunking;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Restores are planned in batches; what crosses the border of a batch comes back like everything else.</summary>
public sealed class LargeRestoreTests
{
    [Fact]
    public async Task A_file_of_more_chunks_than_a_batch_holds_comes_back()
    {
        using var scene = await PipelineScene.CreateAsync(chunker: ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 1_000_000, seed: 1);
        scene.WriteRandom("big.bin", 200_000_000, seed: 2);
        scene.WriteRandom("z.bin", 1_000_000, seed: 1);
        var backup = await scene.BackUpAsync();
        Assert.True(backup.ChunksNew > 33_000, $"{backup.ChunksNew} chunks fit one batch.");
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    [Fact]
    public async Task More_files_than_a_batch_holds_come_back_with_their_folders_times()
    {
        using var scene = await PipelineScene.CreateAsync();
        for (var i = 0; i < 5_000; i++)
        {
            scene.Write($"d{i % 7}/f{i}", BitConverter.GetBytes(i));
        }

        var old = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        Directory.SetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "d0"), old);
        var backup = await scene.BackUpAsync();
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
        Assert.Equal(old, Directory.GetLastWriteTimeUtc(Path.Combine(scene.RestorePath, "source", "d0")));
    }
}
