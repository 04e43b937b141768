using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>
/// What a host remembers of a vault shows that the vault was set back. So no backup takes it along, and no restore, from whatever snapshot, sets it back; nor does one touch
/// the vault itself or delete a key.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class OwnFoldersTests
{
    public OwnFoldersTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tree is made and looked at by Linux tools.");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_backup_leaves_out_what_the_host_remembers()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("file", 100, seed: 1);
        scene.WriteRandom(".cache/securebackup/vault/pins", 100, seed: 2);
        scene.WriteRandom(".cache/other", 100, seed: 3);
        var memory = Path.Combine(scene.SourcePath, ".cache", "securebackup");

        var backup = await MirrorTests.BackUpAsync(scene, options => options with { LeaveOutFolders = [memory] });

        Assert.Equal(2L, (long)backup.Snapshot.FileCount);
        await scene.RestoreAsync(backup.Snapshot.Id);
        Assert.False(Directory.Exists(Path.Combine(scene.RestorePath, "source", ".cache", "securebackup")));
        Assert.True(File.Exists(Path.Combine(scene.RestorePath, "source", ".cache", "other")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restore_from_a_snapshot_that_has_it_sets_nothing_back(bool isMirror)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("file", 100, seed: 1);
        scene.WriteRandom(".cache/securebackup/vault/pins", 100, seed: 2);
        scene.WriteRandom("vault/objects/a", 100, seed: 3);
        var backup = await MirrorTests.BackUpAsync(scene);
        scene.WriteRandom("file", 100, seed: 4);
        scene.WriteRandom("extra", 100, seed: 5);
        scene.WriteRandom(".cache/securebackup/vault/pins", 120, seed: 6);
        scene.WriteRandom(".cache/securebackup/vault/restores/note", 10, seed: 7);
        File.Delete(Path.Combine(scene.SourcePath, "vault", "objects", "a"));
        var closed = new[] { Path.Combine(scene.SourcePath, ".cache", "securebackup"), Path.Combine(scene.SourcePath, "vault") };
        var before = closed.SelectMany(Picture).ToList();

        var result = await RestoreAsync(scene, backup, closed, isMirror);

        Assert.Equal(before, closed.SelectMany(Picture));
        Assert.Equal(isMirror ? 1 : 0, result.Deleted);
        Assert.Equal(1, result.Files);
        Assert.All(result.Faults, static fault => Assert.Equal(FaultCodes.OwnFolderLeft, fault.Code));
        Assert.Contains(result.Faults, static fault => fault.Path.EndsWith("vault/pins", StringComparison.Ordinal));
        Assert.Contains(result.Faults, static fault => fault.Path.EndsWith("vault/objects/a", StringComparison.Ordinal));
    }

    [Fact]
    public void A_closed_folder_is_found_through_links_and_under_other_letters()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["real/.cache/securebackup"]);
        Directory.CreateSymbolicLink(folder["home"], folder["real"]);
        Directory.CreateSymbolicLink(folder["link"], folder["home/.cache"]);
        var ways = ClosedWays.Below(folder["home"], [folder["link/securebackup"], folder["elsewhere"]]);

        foreach (var way in new[] { ".cache/securebackup", ".cache/securebackup/x/pins", ".Cache/SECUREBACKUP/pins" })
        {
            Assert.Equal(FolderError.Closed, Assert.Throws<FolderException>(() => ways.Require(Way(way))).Error);
        }

        ways.Require(Way(".cache"));
        ways.Require(Way(".cache/securebackup2"));
        ways.Require([]);
    }

    [Fact]
    public async Task A_mirror_deletes_no_key_file()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("file", 100, seed: 1);
        var backup = await MirrorTests.BackUpAsync(scene);
        using (var vault = await scene.UnlockAsync())
        {
            await WriterKeys.ExportAsync(vault, "till", Path.Combine(scene.SourcePath, "till.key"), dataSets: null, Token);
        }

        scene.WriteRandom("extra", 100, seed: 2);

        var (result, entries) = await MirrorTests.MirrorAsync(scene, backup);

        Assert.Equal([FaultCodes.ExtraNotRemoved], result.Faults.Select(static fault => fault.Code));
        Assert.True(File.Exists(Path.Combine(scene.SourcePath, "till.key")));
        Assert.False(File.Exists(Path.Combine(scene.SourcePath, "extra")));
        Assert.Equal(1, entries.Count(static entry => entry.Verdict == RestoreVerdict.Deleted));
    }

    private static IEnumerable<string> Picture(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(static file => $"{file} {File.GetLastWriteTimeUtc(file).Ticks} {Convert.ToHexString(File.ReadAllBytes(file))}");

    private static byte[][] Way(string path) => [.. path.Split('/').Select(System.Text.Encoding.UTF8.GetBytes)];

    private static async Task<RestoreResult> RestoreAsync(PipelineScene scene, BackupResult backup, IReadOnlyList<string> closed, bool isMirror)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var source = new FileSystemSourceOptions { Roots = RootNames.Assign([scene.SourcePath]), LeaveOutFolders = closed };
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString())) { Mirror = isMirror ? source : null };
        var options = new DestinationOptions { InPlace = true, ReplacesLinks = isMirror, ClosedFolders = closed };
        await using var door = FileSystemDestination.Open(Path.GetDirectoryName(scene.SourcePath)!, options);
        return await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }
}
