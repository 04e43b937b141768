using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A restore over what stands there: it fetches what differs, keeps what is right, and says which.</summary>
[SupportedOSPlatform("linux")]
public sealed class InPlaceTests
{
    private const int MiB = 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public InPlaceTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tree is made and looked at by Linux tools.");
    }

    [Fact]
    public async Task Nothing_is_fetched_or_written_where_everything_is_right()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a/large.bin", 6 * MiB, seed: 1);
        scene.WriteRandom("a/small.txt", 100, seed: 2);
        scene.Write("empty", []);
        var backup = await scene.BackUpAsync();
        var before = Stamps(scene.SourcePath);

        var (result, entries) = await RestoreInPlaceAsync(scene, backup);

        Assert.Empty(result.Faults);
        Assert.All(entries, entry => Assert.Equal(RestoreVerdict.Unchanged, entry.Verdict));
        Assert.Equal((0L, 0L, 0L), (result.FetchedBytes, result.ReusedBytes, result.Files));
        Assert.Equal(before, Stamps(scene.SourcePath));
    }

    [Fact]
    public async Task A_large_file_with_bytes_put_in_fetches_the_chunk_that_differs_alone()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("image.bin", 24 * MiB, seed: 3);
        var backup = await scene.BackUpAsync();
        var path = Path.Combine(scene.SourcePath, "image.bin");
        var content = await File.ReadAllBytesAsync(path, Token);
        await File.WriteAllBytesAsync(path, [.. content.AsSpan(0, 9 * MiB), 1, 2, 3, .. content.AsSpan(9 * MiB)], Token);

        var (result, entries) = await RestoreInPlaceAsync(scene, backup);

        Assert.Empty(result.Faults);
        var file = entries.Single(entry => entry.Kind == EntryKind.File);
        Assert.Equal(RestoreVerdict.Patched, file.Verdict);
        Assert.Equal(24L * MiB, file.FetchedBytes + file.ReusedBytes);
        Assert.InRange(file.FetchedBytes, 1, 8 * MiB);
        Assert.Equal(content, await File.ReadAllBytesAsync(path, Token));
    }

    [Fact]
    public async Task Every_way_of_being_wrong_is_told_and_put_right()
    {
        using var scene = await PipelineScene.CreateAsync();
        foreach (var name in new[] { "same", "changed", "touched", "gone", "folder", "linked" })
        {
            scene.WriteRandom($"d/{name}", 4000, name.Length);
        }

        var backup = await scene.BackUpAsync();
        var expected = Properties.TreeWitness.Look(scene.SourcePath);
        string At(string name) => Path.Combine(scene.SourcePath, "d", name);
        var time = File.GetLastWriteTimeUtc(At("changed"));
        await File.WriteAllBytesAsync(At("changed"), new byte[4000], Token);
        File.SetLastWriteTimeUtc(At("changed"), time);
        File.SetLastWriteTimeUtc(At("touched"), time.AddDays(1));
        File.Delete(At("gone"));
        File.Delete(At("linked"));
        File.CreateSymbolicLink(At("linked"), At("same"));

        var (result, entries) = await RestoreInPlaceAsync(scene, backup);

        Assert.Empty(result.Faults);
        RestoreVerdict Of(string name) => entries.Single(entry => entry.Path.ToString().EndsWith("/" + name, StringComparison.Ordinal)).Verdict;
        Assert.Equal(
            (RestoreVerdict.Unchanged, RestoreVerdict.Restored, RestoreVerdict.MetadataOnly, RestoreVerdict.Restored, RestoreVerdict.Restored),
            (Of("same"), Of("changed"), Of("touched"), Of("gone"), Of("linked")));
        Assert.Equal(expected, Properties.TreeWitness.Look(scene.SourcePath));
    }

    [Fact]
    public async Task What_the_snapshot_does_not_hold_stays()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("kept", 100, seed: 1);
        var backup = await scene.BackUpAsync();
        scene.WriteRandom("new/stranger", 100, seed: 2);

        var (result, _) = await RestoreInPlaceAsync(scene, backup);

        Assert.Empty(result.Faults);
        Assert.True(File.Exists(Path.Combine(scene.SourcePath, "new", "stranger")));
    }

    [Fact]
    public async Task A_link_that_took_a_folders_place_is_not_followed()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("data/file", 1000, seed: 1);
        var backup = await scene.BackUpAsync();
        var elsewhere = Directory.CreateDirectory(scene.Folder["elsewhere"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(elsewhere, "file"), "not yours", Token);
        Directory.Delete(Path.Combine(scene.SourcePath, "data"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(scene.SourcePath, "data"), elsewhere);

        var (result, entries) = await RestoreInPlaceAsync(scene, backup);

        Assert.All(result.Faults, fault => Assert.Equal(FaultCodes.DestinationInsideLink, fault.Code));
        Assert.Equal(2, entries.Count(entry => entry.Verdict == RestoreVerdict.Failed));
        Assert.Equal("not yours", await File.ReadAllTextAsync(Path.Combine(elsewhere, "file"), Token));
    }

    [Fact]
    public async Task Attributes_are_not_changed_on_a_file_that_has_a_name_elsewhere()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("file", 1000, seed: 1);
        var backup = await scene.BackUpAsync();
        var path = Path.Combine(scene.SourcePath, "file");
        var outside = scene.Folder["outside"];
        Sources.SourceTree.Run("ln", "/", "", path, outside);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);

        var (result, entries) = await RestoreInPlaceAsync(scene, backup);

        Assert.Empty(result.Faults);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(outside));
        Assert.NotEqual(UnixFileMode.UserRead, File.GetUnixFileMode(path));
        var file = entries.Single(entry => entry.Kind == EntryKind.File);
        Assert.Equal((RestoreVerdict.Patched, 0L, 1000L), (file.Verdict, file.FetchedBytes, file.ReusedBytes));
    }

    [Fact]
    public async Task Names_that_were_joined_are_parted_again()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("one", "equal"u8);
        scene.Write("two", "equal"u8);
        File.SetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "two"), File.GetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "one")));
        var backup = await scene.BackUpAsync();
        var expected = Properties.TreeWitness.Look(scene.SourcePath);
        File.Delete(Path.Combine(scene.SourcePath, "two"));
        Sources.SourceTree.Run("ln", scene.SourcePath, "", "one", "two");

        var (result, _) = await RestoreInPlaceAsync(scene, backup);

        Assert.Empty(result.Faults);
        Assert.Equal(expected, Properties.TreeWitness.Look(scene.SourcePath));
    }

    internal static async Task<(RestoreResult Result, List<RestoredEntry> Entries)> RestoreInPlaceAsync(
        PipelineScene scene, BackupResult backup, DestinationOptions? options = null)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var entries = new List<RestoredEntry>();
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString())) { OnEntry = entries.Add };
        await using var door = FileSystemDestination.Open(Path.GetDirectoryName(scene.SourcePath)!, options ?? new DestinationOptions { InPlace = true });
        return (await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token), entries);
    }

    private static List<string> Stamps(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => Destinations.DestinationScene.Stat(path, "%n %i %Z %Y"))];
}
