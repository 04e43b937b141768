using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class SnapshotComparerTests
{
    private static CancellationToken Token => PipelineScene.Token;

    [Fact]
    public async Task Two_snapshots_tell_what_became_of_each_path()
    {
        using var scene = await FilledAsync();
        var before = (await scene.BackUpAsync()).Snapshot;
        Change(scene);
        var after = (await scene.BackUpAsync()).Snapshot;
        Assert.Equal(
            [
                "Added source/new.txt", "Changed source/grown.txt Content", "Changed source/kept/touched.txt Modified", "Changed source/kept/twin.txt Content, Modified",
                "Removed source/gone/a.txt", "TypeChanged source/turned",
            ],
            await CompareAsync(scene, before, after));
        Assert.Equal(
            [
                "Added source/gone/a.txt", "Changed source/grown.txt Content", "Changed source/kept/touched.txt Modified", "Changed source/kept/twin.txt Content, Modified",
                "Removed source/new.txt", "TypeChanged source/turned",
            ],
            await CompareAsync(scene, after, before));
        Assert.Empty(await CompareAsync(scene, after, after));
    }

    [Fact]
    public async Task The_disk_is_compared_by_attributes_and_when_asked_by_every_byte()
    {
        using var scene = await FilledAsync();
        scene.WriteRandom("rotten.bin", 3_000_000, seed: 9);
        var path = Path.Combine(scene.SourcePath, "rotten.bin");
        File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        var snapshot = (await scene.BackUpAsync()).Snapshot;
        Assert.Empty(await CompareWithDiskAsync(scene, snapshot, CompareOptions.Default with { ReadsContent = true }));

        Change(scene);
        var time = File.GetLastWriteTimeUtc(path);
        var bytes = File.ReadAllBytes(path);
        bytes[2_000_000] ^= 1;
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, time);
        string[] seen =
        [
            "Added source/new.txt", "Changed source/grown.txt Content", "Changed source/kept/touched.txt Modified", "Changed source/kept/twin.txt Modified",
            "Removed source/gone/a.txt", "TypeChanged source/turned",
        ];
        Assert.Equal(seen, await CompareWithDiskAsync(scene, snapshot, CompareOptions.Default));
        Assert.Equal(
            seen.Select(line => line.Contains("twin", StringComparison.Ordinal) ? "Changed source/kept/twin.txt Content, Modified" : line).Append("Changed source/rotten.bin Content").Order(StringComparer.Ordinal),
            await CompareWithDiskAsync(scene, snapshot, CompareOptions.Default with { ReadsContent = true }));
    }

    [Fact]
    public async Task Patterns_choose_and_equal_paths_are_told_when_asked()
    {
        using var scene = await FilledAsync();
        var before = (await scene.BackUpAsync()).Snapshot;
        Change(scene);
        var after = (await scene.BackUpAsync()).Snapshot;
        Assert.Equal(["Changed source/grown.txt Content"], await CompareAsync(scene, before, after, CompareOptions.Default with { Include = ["*.txt"], Exclude = ["gone/", "kept/", "new.*"] }));
        var all = await CompareAsync(scene, before, after, CompareOptions.Default with { IncludesEqual = true });
        Assert.Contains("Equal source/kept/same.txt", all);
        Assert.Equal(all.Count, all.Distinct(StringComparer.Ordinal).Count());
        var refused = Assert.Throws<RequestException>(() => new SnapshotComparer(null!, CompareOptions.Default with { Exclude = ["["] }));
        Assert.Equal(FaultCodes.PatternInvalid, refused.Code);
    }

    [Fact]
    public async Task The_tally_counts_what_was_passed_over_where_it_can()
    {
        using var scene = await FilledAsync();
        var before = (await scene.BackUpAsync()).Snapshot;
        Change(scene);
        var after = (await scene.BackUpAsync()).Snapshot;
        using var vault = await scene.UnlockAsync();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), scene.Sink, Token);
        var comparer = new SnapshotComparer(browser, CompareOptions.Default);
        await comparer.CompareAsync(before, after, Token).CountAsync(Token);
        var tally = comparer.Tally;
        Assert.Equal(after.EntryCount, tally.Added + tally.Changed + tally.TypeChanged + tally.Equal);
        Assert.Equal(0, tally.Unknown);
    }

    [Fact]
    public async Task Modes_owners_and_links_are_told_apart()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Modes are a thing of Unix.");
            return;
        }

        using var scene = await FilledAsync();
        var file = Path.Combine(scene.SourcePath, "grown.txt");
        File.CreateSymbolicLink(Path.Combine(scene.SourcePath, "link"), "here");
        var before = (await scene.BackUpAsync()).Snapshot;
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        var link = new FileInfo(Path.Combine(scene.SourcePath, "link"));
        link.Delete();
        link.CreateAsSymbolicLink("there");
        var found = await CompareWithDiskAsync(scene, before, CompareOptions.Default);
        Assert.Contains("Changed source/grown.txt Mode", found);
        Assert.Contains(found, line => line.StartsWith("Changed source/link ", StringComparison.Ordinal) && line.Contains("LinkTarget", StringComparison.Ordinal));
    }

    [Fact]
    public void A_further_name_that_became_the_file_is_no_other_kind()
    {
        var first = new EntryPath(["a"u8.ToArray()]);
        var link = new EntryMetadata { Kind = EntryKind.HardLink, HardLinkTarget = first };
        var file = new EntryMetadata { Kind = EntryKind.File, SizeBytes = 5 };
        var difference = new EntryDifference(first, link, file, MetadataComparison.Between(link, file));
        Assert.Equal((DifferenceKind.Changed, EntryAspects.HardLink), (difference.Change, difference.Aspects));
    }

    [Fact]
    public async Task Records_have_no_place_on_the_disk()
    {
        using var scene = await FilledAsync();
        var snapshot = (await scene.BackUpAsync()).Snapshot;
        var records = snapshot with { Summary = snapshot.Summary with { Kind = SnapshotKind.Records } };
        var refused = await Assert.ThrowsAsync<RequestException>(() => CompareWithDiskAsync(scene, records, CompareOptions.Default));
        Assert.Equal(FaultCodes.RecordsOnDisk, refused.Code);
    }

    [Fact]
    public async Task Roots_are_found_where_they_were_or_are_named()
    {
        using var scene = await FilledAsync();
        var roots = new[] { new SnapshotRoot("crm"u8.ToArray(), scene.Folder["crm"], SnapshotPlaces.Platform), new SnapshotRoot("mail"u8.ToArray(), scene.Folder["mail"], SnapshotPlaces.Platform) };
        var part = new OwnerPart(null, Engine.Vault.Listing.ContentRef.Empty, roots, ["-*.tmp", "+*.txt"], null);
        var own = DiskRoots.SourceOf(part, [], ["/vault"]);
        Assert.Equal(["crm", "mail"], own.Roots.Select(root => root.Name));
        Assert.Equal((scene.Folder["mail"], "*.tmp", "*.txt", "/vault"), (own.Roots[1].Path, own.Exclude[0], own.Include[0], own.SkipFolders[0]));

        Directory.CreateDirectory(scene.Folder["back/mail"]);
        Assert.Equal([("mail", scene.Folder["back/mail"])], DiskRoots.SourceOf(part, [scene.Folder["back"]], ["/vault"]).Roots.Select(root => (root.Name, root.Path)));
        Assert.Equal([("crm", scene.Folder["x/crm"])], DiskRoots.SourceOf(part, [scene.Folder["x/crm"]], ["/vault"]).Roots.Select(root => (root.Name, root.Path)));
        var single = part with { Roots = [roots[0]] };
        Assert.Equal([("crm", scene.Folder["other"])], DiskRoots.SourceOf(single, [scene.Folder["other"]], ["/vault"]).Roots.Select(root => (root.Name, root.Path)));

        var foreign = part with { Roots = [roots[0], roots[1] with { Platform = "amiga" }] };
        Assert.Equal(FaultCodes.OriginalPlaceUnknown, Assert.Throws<RequestException>(() => DiskRoots.SourceOf(foreign, [], ["/vault"])).Code);
    }

    private static async Task<PipelineScene> FilledAsync()
    {
        var scene = await PipelineScene.CreateAsync();
        scene.Write("gone/a.txt", "a"u8);
        scene.Write("grown.txt", "one"u8);
        scene.Write("kept/same.txt", "same"u8);
        scene.Write("kept/touched.txt", "touched"u8);
        scene.Write("kept/twin.txt", "twin"u8);
        scene.Write("turned", "a file"u8);
        foreach (var path in Directory.EnumerateFileSystemEntries(scene.SourcePath, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        }

        return scene;
    }

    private static void Change(PipelineScene scene)
    {
        var time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        File.Delete(Path.Combine(scene.SourcePath, "gone/a.txt"));
        scene.Write("grown.txt", "one more"u8);
        File.SetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "grown.txt"), time);
        scene.Write("kept/twin.txt", "niwt"u8);
        File.SetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "kept/touched.txt"), time.AddHours(1));
        scene.Write("new.txt", "new"u8);
        File.Delete(Path.Combine(scene.SourcePath, "turned"));
        Directory.CreateDirectory(Path.Combine(scene.SourcePath, "turned"));
    }

    private static Task<List<string>> CompareAsync(PipelineScene scene, Snapshot before, Snapshot after, CompareOptions? options = null) =>
        LinesAsync(scene, options, comparer => comparer.CompareAsync(before, after, Token));

    private static async Task<List<string>> CompareWithDiskAsync(PipelineScene scene, Snapshot before, CompareOptions options)
    {
        using var disk = scene.OpenSource();
        return await LinesAsync(scene, options, comparer => comparer.CompareAsync(before, disk, Token));
    }

    /// <summary>Without the times of folders, which change with what is in them.</summary>
    private static async Task<List<string>> LinesAsync(PipelineScene scene, CompareOptions? options, Func<SnapshotComparer, IAsyncEnumerable<EntryDifference>> compare)
    {
        var faults = new List<EntryFault>();
        options = (options ?? CompareOptions.Default) with { OnFault = faults.Add, Counters = new ProgressCounters() };
        using var vault = await scene.UnlockAsync();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), scene.Sink, Token);
        var found = await compare(new SnapshotComparer(browser, options)).ToListAsync(Token);
        Assert.Empty(faults);
        Assert.Equal(found.Select(difference => difference.Path).Order(), found.Select(difference => difference.Path));
        return
        [
            .. found.Where(difference => difference.After?.Kind != EntryKind.Directory || difference.Change is not (DifferenceKind.Changed or DifferenceKind.Equal))
                .Select(difference => $"{difference.Change} {difference.Path} {(difference.Change == DifferenceKind.Changed ? difference.Aspects : null)}".TrimEnd())
                .Order(StringComparer.Ordinal),
        ];
    }
}
