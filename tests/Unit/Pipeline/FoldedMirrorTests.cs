using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Destinations;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Where a file system finds a name under other spellings, a mirror must not take for an extra what the restore has just found or put there under one.</summary>
[SupportedOSPlatform("linux")]
public sealed class FoldedMirrorTests
{
    public FoldedMirrorTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux system calls are made, and their names folded.");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Docs/a.txt", "DOCS/a.txt")]
    [InlineData("Docs/a.txt", "Docs/A.TXT")]
    [InlineData("caf\u00e9/menu", "cafe\u0301/menu")]
    public async Task What_was_settled_under_another_spelling_stays(string stored, string spelled)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom(stored, 100, seed: 1);
        var backup = await MirrorTests.BackUpAsync(scene);
        var content = Respell(scene, stored, spelled);
        scene.WriteRandom("extra", 100, seed: 2);

        var result = await MirrorAsync(scene, backup);

        Assert.Equal(content, await File.ReadAllBytesAsync(At(scene, spelled), Token));
        Assert.False(File.Exists(At(scene, "extra")));
        Assert.Equal(1, result.Deleted);
        Assert.All(result.Faults, static fault => Assert.Equal(FaultCodes.ExtraNotRemoved, fault.Code));
        Assert.Contains(result.Faults, fault => string.Equals(fault.Path, $"source/{spelled}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_written_under_another_spelling_stays()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("Docs/a.txt", 100, seed: 1);
        File.CreateSymbolicLink(At(scene, "Docs/link"), "a.txt");
        var backup = await MirrorTests.BackUpAsync(scene);
        var content = Respell(scene, "Docs/a.txt", "DOCS/a.txt");
        File.Delete(At(scene, "DOCS/link"));
        File.CreateSymbolicLink(At(scene, "DOCS/LINK"), "elsewhere");
        scene.WriteRandom("DOCS/a.txt", 100, seed: 3);
        scene.WriteRandom("DOCS/extra", 100, seed: 2);

        var result = await MirrorAsync(scene, backup);

        Assert.Equal(content, await File.ReadAllBytesAsync(At(scene, "DOCS/a.txt"), Token));
        Assert.Equal("a.txt", new FileInfo(At(scene, "DOCS/LINK")).LinkTarget);
        Assert.False(File.Exists(At(scene, "DOCS/extra")));
        Assert.Equal(1, result.Deleted);
    }

    /// <summary>Which of the two names the snapshot means cannot be told there, so both stay.</summary>
    [Fact]
    public async Task A_file_of_two_names_keeps_both_where_one_may_be_a_spelling()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("Docs/a.txt", 100, seed: 1);
        var backup = await MirrorTests.BackUpAsync(scene);
        var content = Respell(scene, "Docs/a.txt", "DOCS/a.txt");
        DestinationScene.Run("ln", At(scene, "DOCS/a.txt"), At(scene, "other"));

        var result = await MirrorAsync(scene, backup);

        Assert.Equal(content, await File.ReadAllBytesAsync(At(scene, "DOCS/a.txt"), Token));
        Assert.True(File.Exists(At(scene, "other")));
        Assert.Equal(0, result.Deleted);
    }

    [Fact]
    public async Task A_further_name_of_a_restored_file_goes_where_names_do_not_fold()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("Docs/a.txt", 100, seed: 1);
        var backup = await MirrorTests.BackUpAsync(scene);
        DestinationScene.Run("ln", At(scene, "Docs/a.txt"), At(scene, "Docs/A.TXT"));
        DestinationScene.Run("ln", At(scene, "Docs/a.txt"), At(scene, "other"));

        var result = await MirrorAsync(scene, backup, folds: false);

        Assert.Empty(result.Faults);
        Assert.Equal(2, result.Deleted);
        Assert.Equal(["a.txt"], Directory.GetFiles(At(scene, "Docs")).Select(Path.GetFileName));
        Assert.False(File.Exists(At(scene, "other")));
    }

    private static string At(PipelineScene scene, string name) => Path.Combine(scene.SourcePath, name);

    /// <summary>Gives a file, and its folder, another name and nothing else; returns its content.</summary>
    private static byte[] Respell(PipelineScene scene, string from, string to)
    {
        var (before, after) = (Path.GetDirectoryName(from)!, Path.GetDirectoryName(to)!);
        if (!string.Equals(before, after, StringComparison.Ordinal))
        {
            Directory.Move(At(scene, before), At(scene, after));
        }

        File.Move(At(scene, Path.Combine(after, Path.GetFileName(from))), At(scene, to));
        return File.ReadAllBytes(At(scene, to));
    }

    private static async Task<RestoreResult> MirrorAsync(PipelineScene scene, BackupResult backup, bool folds = true)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString()))
        {
            Mirror = new FileSystemSourceOptions { Roots = RootNames.Assign([scene.SourcePath]) },
        };
        var options = new DestinationOptions { InPlace = true, ReplacesLinks = true };
        await using var door = WatchedSystem.Destination(Path.GetDirectoryName(scene.SourcePath)!, options, folds);
        return await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }
}
