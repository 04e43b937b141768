using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>A member with valid keys stores a listing that is meant to hurt whoever restores it: whole restores contain it, name it, and bring the rest.</summary>
public sealed class HostileListingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string[]> Names => new(
        new[] { "..", "x" },
        ["r", "..", "..", "x"],
        ["r", "."],
        ["r", ""],
        ["r", "a/../../../x"],
        ["r", "a\0b"],
        ["/etc", "x"]);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_name_that_leads_out_is_named_and_the_others_come_back(string[] components)
    {
        NeedLinux();
        using var scene = await HostileScene.CreateAsync();
        var bad = Hostile.File(Hostile.Of(components), 4, new ContentRef(0, [scene.Good]));
        ListedEntry[] entries = [Hostile.Folder("r"), bad, Hostile.File("r/good", 4, scene.Good)];
        var restored = await scene.RestoreAsync([.. entries.OrderBy(static entry => entry.Path)]);
        Assert.Equal(FaultCodes.HostileEntryName, Assert.Single(restored.Faults).Code);
        restored.RequireOnly("r", "r/good");
    }

    [Fact]
    public async Task A_file_below_a_link_goes_nowhere()
    {
        NeedLinux();
        using var scene = await HostileScene.CreateAsync();
        var outside = Directory.CreateDirectory(scene.Outside).FullName;
        var restored = await scene.RestoreAsync(
            [Hostile.Folder("r"), Hostile.Symlink("r/link", outside), Hostile.File("r/link/planted", 4, scene.Good), Hostile.File("r/y", 4, scene.Good)]);
        Assert.Equal(FaultCodes.LinkPointsOutside, Assert.Single(restored.LinksOutside).Code);
        Assert.Equal(FaultCodes.DestinationInsideLink, Assert.Single(restored.Faults).Code);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        restored.RequireOnly("r", "r/link", "r/y");
    }

    [Fact]
    public async Task A_file_below_a_file_is_named_and_the_others_come_back()
    {
        NeedLinux();
        using var scene = await HostileScene.CreateAsync();
        var restored = await scene.RestoreAsync(
            [Hostile.Folder("r"), Hostile.File("r/f", 4, scene.Good), Hostile.File("r/f/below", 4, scene.Good), Hostile.File("r/g", 4, scene.Good)]);
        var fault = Assert.Single(restored.Faults);
        Assert.Equal("r/f/below", fault.Path);
        Assert.Equal(FaultCodes.WriteRefused, fault.Code);
        restored.RequireOnly("r", "r/f", "r/g");
    }

    [Fact]
    public async Task What_is_sealed_under_a_subjects_key_is_refused_as_a_file_and_the_others_come_back()
    {
        NeedLinux();
        using var scene = await HostileScene.CreateAsync();
        var subject = Hostile.File("r/f", 4, scene.Good) with { Domain = new DomainId(Id256.Random()) };
        var restored = await scene.RestoreAsync([Hostile.Folder("r"), subject, Hostile.File("r/g", 4, scene.Good)]);
        Assert.Equal(FaultCodes.RecordsAreNotFiles, Assert.Single(restored.Faults).Code);
        restored.RequireOnly("r", "r/g");
    }

    [Fact]
    public async Task A_hard_link_leads_only_to_files_of_the_restore()
    {
        NeedLinux();
        using var scene = await HostileScene.CreateAsync();
        Directory.CreateDirectory(scene.Outside);
        await File.WriteAllTextAsync(Path.Combine(scene.Outside, "victim"), "secret", AttackScene.Token);
        var restored = await scene.RestoreAsync(
        [
            Hostile.Folder("r"), Hostile.HardLink("r/1", Hostile.Of("..", "..", "outside", "victim")), Hostile.HardLink("r/2", Hostile.Of("r", "later")),
            Hostile.HardLink("r/3", Hostile.Of("r", "3")), Hostile.File("r/g", 4, scene.Good),
        ]);
        Assert.Equal(3, restored.Faults.Count);
        Assert.All(restored.Faults, static fault => Assert.Contains(fault.Code, (FaultCode[])[FaultCodes.HardLinkTargetMissing, FaultCodes.HostileEntryName]));
        restored.RequireOnly("r", "r/g");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_page_out_of_order_or_with_one_entry_twice_is_refused_whole(bool isTwice)
    {
        using var scene = await HostileScene.CreateAsync();
        var file = Hostile.File("r/a", 4, scene.Good);
        var restored = await scene.RestoreAsync(isTwice ? [Hostile.Folder("r"), file, file] : [file, Hostile.Folder("r")]);
        Assert.Equal(FaultCodes.ListingMalformed, Assert.Single(restored.Faults).Code);
        restored.RequireOnly();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(1L << 40)]
    [InlineData(long.MaxValue)]
    public async Task A_size_that_lies_costs_that_file_alone(long sizeBytes)
    {
        using var scene = await HostileScene.CreateAsync();
        var restored = await scene.RestoreAsync([Hostile.Folder("r"), Hostile.File("r/a", sizeBytes, scene.Good), Hostile.File("r/b", 4, scene.Good)]);
        var fault = Assert.Single(restored.Faults);
        Assert.Equal("r/a", fault.Path);

        // The file system may refuse such a file before its chunks are counted.
        Assert.Contains(fault.Code, sizeBytes < 1L << 40 ? [FaultCodes.ListingMalformed] : (FaultCode[])[FaultCodes.ListingMalformed, FaultCodes.WriteRefused]);
        restored.RequireOnly("r", "r/b");
    }

    [Fact]
    public async Task A_list_of_lists_without_end_is_given_up_at_the_size_that_the_file_claims()
    {
        using var scene = await HostileScene.CreateAsync();
        var list = scene.Writer.Add(Repeated(scene.Good, 1_000));
        for (var depth = 2; depth <= ContentRef.MaxDepth; depth++)
        {
            list = scene.Writer.Add(Repeated(list, 1_000));
        }

        var endless = new ContentRef(ContentRef.MaxDepth, [list]);
        var restored = await scene.RestoreAsync([Hostile.Folder("r"), Hostile.File(Hostile.Of("r/a"), 400, endless), Hostile.File("r/b", 4, scene.Good)], verifies: true);
        Assert.Equal(FaultCodes.ListingMalformed, Assert.Single(restored.Faults).Code);
        Assert.Equal(FaultCodes.ListingMalformed, Assert.Single(restored.Check!.Faults, static fault => string.Equals(fault.Path, "r/a", StringComparison.Ordinal)).Code);
        restored.RequireOnly("r", "r/b");
    }

    [Fact]
    public async Task Empty_chunks_without_end_are_refused()
    {
        using var scene = await HostileScene.CreateAsync();
        var list = scene.Writer.Add(Repeated(scene.Writer.Add([]), 1_000));
        for (var depth = 2; depth <= ContentRef.MaxDepth; depth++)
        {
            list = scene.Writer.Add(Repeated(list, 1_000));
        }

        var endless = new ContentRef(ContentRef.MaxDepth, [list]);
        var inAttribute = Hostile.Folder("r/c") with { LargeAttributes = [new NamedContent([.. "user.x"u8], 9, endless)] };
        var restored = await scene.RestoreAsync(
            [Hostile.Folder("r"), Hostile.File(Hostile.Of("r/a"), 400, endless), Hostile.File("r/b", 4, scene.Good), inAttribute], verifies: true);
        Assert.Equal([FaultCodes.ListingMalformed, FaultCodes.ListingMalformed], restored.Faults.Select(static fault => fault.Code));
        Assert.All(restored.Check!.Faults, static fault => Assert.Equal(FaultCodes.ListingMalformed, fault.Code));
        restored.RequireOnly("r", "r/b");
    }

    [Fact]
    public async Task A_chunk_that_is_no_list_costs_that_file_alone()
    {
        using var scene = await HostileScene.CreateAsync();
        var restored = await scene.RestoreAsync([Hostile.Folder("r"), Hostile.File(Hostile.Of("r/a"), 4, new ContentRef(1, [scene.Good])), Hostile.File("r/b", 4, scene.Good)]);
        Assert.Equal(FaultCodes.ListingMalformed, Assert.Single(restored.Faults).Code);
        restored.RequireOnly("r", "r/b");
    }

    [Fact]
    public async Task Attributes_that_name_one_large_content_many_times_are_refused_before_they_fill_the_memory()
    {
        using var scene = await HostileScene.CreateAsync();
        var bomb = scene.Writer.AddBomb(4_000_000);
        var attributes = Enumerable.Range(0, 500).Select(i => new NamedContent([.. "user.n"u8, .. BitConverter.GetBytes(i)], 4_000_000, new ContentRef(0, [bomb]))).ToList();
        attributes.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        var restored = await scene.RestoreAsync(
            [Hostile.Folder("r"), Hostile.File("r/a", 4, scene.Good) with { LargeAttributes = attributes }, Hostile.File("r/b", 4, scene.Good)]);
        Assert.Equal(FaultCodes.ListingMalformed, Assert.Single(restored.Faults).Code);
        restored.RequireOnly("r", "r/b");
    }

    [Fact]
    public async Task A_root_that_is_deeper_than_it_says_is_refused()
    {
        using var scene = await HostileScene.CreateAsync();
        var root = scene.Writer.AddPage(Hostile.Folder("r"), Hostile.File("r/b", 4, scene.Good));
        var restored = await scene.RestoreAsync(root with { Level = 3 });
        Assert.Equal(FaultCodes.ListingMalformed, Assert.Single(restored.Faults).Code);
        restored.RequireOnly();
    }

    [Fact]
    public async Task A_name_that_would_rule_the_terminal_is_shown_as_bytes()
    {
        NeedLinux();
        using var scene = await HostileScene.CreateAsync();
        var restored = await scene.RestoreAsync([Hostile.Folder("r"), Hostile.File("r/\u001b[2J\u202egpj", 5, scene.Good)]);
        var fault = Assert.Single(restored.Faults);
        Assert.DoesNotContain('\u001b', fault.Path + fault.Message);
        Assert.DoesNotContain('\u202e', fault.Path + fault.Message);
    }

    private static byte[] Repeated(ChunkId id, int times) => [.. Enumerable.Repeat(id.Value.ToArray(), times).SelectMany(static bytes => bytes)];

    private static void NeedLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Names and links as Linux has them.");
        }
    }

    private sealed record Restored(string Path, IReadOnlyList<EntryFault> Faults, IReadOnlyList<EntryFault> LinksOutside, VerifyResult? Check)
    {
        /// <summary>Nothing else stands in the destination, and nothing new beside it.</summary>
        internal void RequireOnly(params string[] paths)
        {
            Assert.Equal(
                paths.Order(StringComparer.Ordinal),
                Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories).Select(path => System.IO.Path.GetRelativePath(Path, path)).Order(StringComparer.Ordinal));
            Assert.Equal([Path], Directory.GetFileSystemEntries(System.IO.Path.GetDirectoryName(Path)!));
        }
    }

    private sealed class HostileScene : IDisposable
    {
        private readonly AttackScene _scene;

        private HostileScene(AttackScene scene, UnlockedVault thief)
        {
            _scene = scene;
            Writer = new HostileWriter(thief);
            Good = Writer.Add("good"u8);
        }

        internal HostileWriter Writer { get; }

        /// <summary>A chunk of four bytes.</summary>
        internal ChunkId Good { get; }

        internal string Outside => _scene.Folder["outside"];

        internal static async Task<HostileScene> CreateAsync()
        {
            var scene = await AttackScene.CreateAsync();
            return new HostileScene(scene, await scene.WriterAsync("thief"));
        }

        internal Task<Restored> RestoreAsync(ListedEntry[] entries, bool verifies = false) => RestoreAsync(Writer.AddPage(entries), entries.Length, verifies);

        internal async Task<Restored> RestoreAsync(ListingRoot root, int entryCount = 0, bool verifies = false)
        {
            var snapshot = await Writer.CommitAsync(root, change: summary => summary with { EntryCount = entryCount });
            using var owner = await _scene.OwnerAsync();
            var (result, path) = await _scene.RestoreAsync(owner, snapshot).WaitAsync(Patience, AttackScene.Token);
            var check = verifies ? await _scene.VerifyAsync(owner, snapshot).WaitAsync(Patience, AttackScene.Token) : null;
            return new Restored(path, result.Faults, result.LinksOutside, check);
        }

        public void Dispose()
        {
            Writer.Vault.Dispose();
            Writer.Dispose();
            _scene.Dispose();
        }
    }
}
