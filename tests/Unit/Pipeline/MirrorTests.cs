using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A mirror deletes what the snapshot would hold if it had been there, and nothing else, and never because something is broken.</summary>
[SupportedOSPlatform("linux")]
public sealed class MirrorTests
{
    public MirrorTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tree is made and looked at by Linux tools.");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Extras_go_and_folders_get_their_times_back()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a/kept", 100, seed: 1);
        scene.WriteRandom("was-file", 100, seed: 2);
        scene.WriteRandom("b/c/deep", 100, seed: 3);
        var backup = await BackUpAsync(scene);
        var expected = Properties.TreeWitness.Look(scene.SourcePath);
        scene.WriteRandom("a/extra", 100, seed: 4);
        scene.WriteRandom("new/folder/file", 100, seed: 5);
        File.Delete(At(scene, "was-file"));
        scene.WriteRandom("was-file/now/a/folder", 100, seed: 6);
        Directory.Delete(At(scene, "b"), recursive: true);
        Directory.CreateSymbolicLink(At(scene, "b"), "/etc");

        var (result, entries) = await MirrorAsync(scene, backup);

        Assert.Empty(result.Faults);
        Assert.Equal(expected, Properties.TreeWitness.Look(scene.SourcePath));
        Assert.Equal(8, result.Deleted);
        Assert.Contains(entries, entry => entry.Verdict == RestoreVerdict.Deleted && string.Equals(entry.Path.ToString(), "source/new/folder/file", StringComparison.Ordinal));
        Assert.True(File.Exists("/etc/passwd"));
    }

    [Fact]
    public async Task What_the_rules_left_out_stays()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("kept", 100, seed: 1);
        scene.Write(".backupignore", "*.ignored\n"u8);
        var backup = await BackUpAsync(scene, options => options with { Exclude = ["*.tmp", "private/"], MaxFileSizeBytes = 1000 });
        scene.WriteRandom("a.tmp", 10, seed: 2);
        scene.WriteRandom("private/diary", 10, seed: 3);
        scene.WriteRandom("b.ignored", 10, seed: 4);
        scene.WriteRandom("large", 2000, seed: 5);
        scene.WriteRandom("mixed/c.tmp", 10, seed: 6);
        scene.WriteRandom("mixed/d", 10, seed: 7);

        var (result, entries) = await MirrorAsync(scene, backup);

        Assert.Equal(["source/mixed", "source/mixed/d"], entries.Where(entry => entry.Verdict is RestoreVerdict.Deleted or RestoreVerdict.Skipped).Select(entry => entry.Path.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal([FaultCodes.ExtraNotRemoved], result.Faults.Select(fault => fault.Code));
        Assert.All(new[] { "a.tmp", "private/diary", "b.ignored", "large", "mixed/c.tmp" }, name => Assert.True(File.Exists(At(scene, name)), name));
        Assert.False(File.Exists(At(scene, "mixed/d")));
    }

    [Fact]
    public async Task Nothing_is_deleted_where_a_page_of_the_listing_is_lost()
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: 4 * 1024 * 1024, chunker: Engine.Chunking.ChunkerCatalog.Small);
        for (var i = 0; i < 3000; i++)
        {
            scene.Write($"d{i % 7}/file-{i:D5}-with-a-name-that-fills-pages", [(byte)i]);
        }

        var backup = await BackUpAsync(scene);
        var packs = await scene.Target.ListAsync(ObjectNames.Packs, Token).ToListAsync(Token);
        var (lost, target) = (0, scene.Target);
        foreach (var pack in packs)
        {
            scene.WriteRandom("extra", 10, seed: 1);
            scene.WriteRandom("d3/extra", 10, seed: 2);
            var before = Files(scene);
            scene.Target = await Broken.WithoutAsync(target, pack.Name, Token);
            var (result, entries) = await MirrorAsync(scene, backup);

            // What stands there already needs no pack of contents: then nothing is lost, and the extras go.
            lost += result.Faults.Count > 0 ? 1 : 0;
            Assert.Equal(result.Faults.Count > 0 ? 0 : 2, entries.Count(entry => entry.Verdict == RestoreVerdict.Deleted));
            Assert.Equal(result.Faults.Count > 0, before.SequenceEqual(Files(scene)));
        }

        Assert.True(lost > 0);
        Assert.Equal(lost, scene.Sink.Events.Count(item => item.Code == FaultCodes.MirrorNotDone));
        Assert.Equal(3000, Directory.EnumerateFiles(scene.SourcePath, "file-*", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task What_the_backup_could_not_read_stays()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("readable", 100, seed: 1);
        Directory.CreateDirectory(At(scene, "locked"));
        var backup = await BackUpAsync(scene, faults: [Path.Combine(scene.SourcePath, "locked")]);
        scene.WriteRandom("locked/secret", 100, seed: 2);
        scene.WriteRandom("extra", 100, seed: 3);

        var (result, _) = await MirrorAsync(scene, backup);

        Assert.Equal(1, result.Deleted);
        Assert.True(File.Exists(At(scene, "locked/secret")));
    }

    [Fact]
    public async Task What_was_mounted_since_stays()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("kept", 100, seed: 1);
        var backup = await BackUpAsync(scene);
        using var mount = TestMount.Tmpfs("1m");
        await File.WriteAllTextAsync(Path.Combine(mount.FullPath, "other"), "world", Token);
        Directory.CreateDirectory(At(scene, "stick"));
        Sources.SourceTree.Run("mount", "/", "", "--bind", mount.FullPath, At(scene, "stick"));
        try
        {
            var (result, _) = await MirrorAsync(scene, backup);
            Assert.Equal((0L, 0), (result.Deleted, result.Faults.Count));
            Assert.Equal("world", await File.ReadAllTextAsync(At(scene, "stick/other"), Token));
        }
        finally
        {
            Sources.SourceTree.Run("umount", "/", "", At(scene, "stick"));
        }
    }

    [Fact]
    public async Task A_snapshot_that_does_not_say_what_it_left_out_deletes_nothing()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("kept", 100, seed: 1);
        var old = await scene.BackUpAsync();
        scene.WriteRandom("extra", 100, seed: 2);

        var refused = await Assert.ThrowsAsync<RequestException>(() => MirrorAsync(scene, old));

        Assert.Equal(FaultCodes.MirrorUnsafe, refused.Code);
        Assert.True(File.Exists(At(scene, "extra")));
        var unknown = Assert.Throws<RequestException>(() => RuleText.Apply(Options(scene), ["@ignore-file=", "@from-the-future"]));
        Assert.Equal(FaultCodes.SnapshotRulesUnknown, unknown.Code);
    }

    [Fact]
    public void Rules_come_back_from_their_text()
    {
        var options = new FileSystemSourceOptions
        {
            Roots = [],
            Exclude = ["*.tmp", "!keep.tmp"],
            Include = ["a/**"],
            IgnoreFileName = null,
            ExcludesCacheFolders = true,
            StaysOnOneFileSystem = true,
            MaxFileSizeBytes = 12,
            ModifiedSince = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)).AddTicks(7),
            ModifiedBefore = new DateTimeOffset(2026, 2, 2, 3, 4, 5, TimeSpan.Zero),
        };
        var lines = RuleText.Of(options);
        Assert.True(RuleText.IsWhole(lines));
        Assert.Equal(lines, RuleText.Of(RuleText.Apply(new FileSystemSourceOptions { Roots = [] }, lines)));
        Assert.Equal(options.ModifiedSince, RuleText.Apply(new FileSystemSourceOptions { Roots = [] }, lines).ModifiedSince);
    }

    private static string At(PipelineScene scene, string name) => Path.Combine(scene.SourcePath, name);

    private static List<string> Files(PipelineScene scene) => [.. Directory.EnumerateFileSystemEntries(scene.SourcePath, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static FileSystemSourceOptions Options(PipelineScene scene) => new() { Roots = RootNames.Assign([scene.SourcePath]) };

    internal static async Task<BackupResult> BackUpAsync(
        PipelineScene scene, Func<FileSystemSourceOptions, FileSystemSourceOptions>? change = null, IReadOnlyList<string>? faults = null)
    {
        var options = (change ?? (static same => same))(Options(scene));
        using var vault = await scene.UnlockAsync();
        using var files = FileSystemSource.Open(options, scene.Time);
        ISource source = faults is null ? files : new FaultySource(files, faults);
        return await BackupCorridor.RunAsync(
            vault, source, PipelineScene.Options with { Rules = RuleText.Of(options) }, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }

    internal static async Task<(RestoreResult Result, List<RestoredEntry> Entries)> MirrorAsync(PipelineScene scene, BackupResult backup)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var entries = new List<RestoredEntry>();
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString())) { OnEntry = entries.Add, Mirror = Options(scene) };
        await using var door = FileSystemDestination.Open(Path.GetDirectoryName(scene.SourcePath)!, new DestinationOptions { InPlace = true, ReplacesLinks = true });
        return (await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token), entries);
    }

    /// <summary>A walk that meets faults as well.</summary>
    private sealed class FaultySource(ISource inner, IReadOnlyList<string> faults) : ISource
    {
        public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken) =>
            inner.Enumerate(cancellationToken).Concat(faults.Select(path => new SourceItem(null, new SourceFault(FaultCodes.EntryUnreadable, path, $"'{path}' may not be read."))));
    }

    /// <summary>A copy of a target that lacks one object.</summary>
    private static class Broken
    {
        public static async Task<Target> WithoutAsync(Target target, Engine.Primitives.ObjectName lost, CancellationToken cancellationToken)
        {
            var copy = new MemoryTarget();
            await foreach (var stat in target.ListAsync(string.Empty, cancellationToken))
            {
                if (stat.Name != lost)
                {
                    var bytes = new byte[stat.LengthBytes];
                    await target.ReadAsync(stat.Name, 0, bytes, cancellationToken);
                    using var content = new MemoryStream(bytes);
                    await copy.PutAsync(stat.Name, content, new PutOptions(IfAbsent: true, Engine.Primitives.ContentHash.Of(bytes)), cancellationToken);
                }
            }

            return copy;
        }
    }
}
