using System.Runtime.Versioning;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;
using SecureBackup.Tests.Unit.Properties;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What is taken over from the last run's listing without a look at the file's attributes, and what is not.</summary>
public sealed class UnchangedFilesTests
{
    private static readonly EntryMetadata Metadata = new()
    {
        Kind = EntryKind.File,
        SizeBytes = 4,
        ModifiedAt = new Timestamp(1, 2),
        Mode = 0x1A4,
        UserId = 5,
        GroupId = 6,
        UserName = "ada",
        GroupName = "shop",
    };

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task An_attribute_that_alone_changed_is_in_the_next_snapshot()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Extended attributes are set by Linux calls here.");
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("still.txt", "same"u8);
        scene.Write("noted.txt", "same"u8);
        var noted = RawTree.Bytes(Path.Combine(scene.SourcePath, "noted.txt"));
        Assert.SkipUnless(RawTree.TrySetAttribute(noted, "user.note", [1]) && RawTree.TrySetAttribute(RawTree.Bytes(Path.Combine(scene.SourcePath, "still.txt")), "user.note", [7]), "This file system keeps no user attributes.");
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        await scene.BackUpAsync();
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var second = await scene.BackUpAsync();
        Assert.Equal(2, second.FilesUnchanged);
        await RequireSameAsync(scene, second.Snapshot.Id);

        Assert.True(RawTree.TrySetAttribute(noted, "user.note", [2]));
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var third = await scene.BackUpAsync();
        Assert.Equal((1, 1), (third.FilesUnchanged, third.FilesChanged));
        Assert.NotEqual(second.Snapshot.Summary, third.Snapshot.Summary);
        await RequireSameAsync(scene, third.Snapshot.Id);
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_folder_that_stands_still_is_listed_as_it_was_and_one_whose_attribute_mode_or_time_changed_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Extended attributes are set by Linux calls here.");
        using var scene = await PipelineScene.CreateAsync();
        string[] names = ["noted", "open", "still", "touched"];
        foreach (var name in names)
        {
            scene.Write($"{name}/file", "same"u8);
            Assert.SkipUnless(RawTree.TrySetAttribute(RawTree.Bytes(Path.Combine(scene.SourcePath, name)), "user.note", [1]), "This file system keeps no user attributes.");
        }

        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var first = await scene.BackUpAsync();
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var second = await scene.BackUpAsync();
        Assert.Equal((names.Length, 0L), (second.FilesUnchanged, second.ChunksNew));
        await RequireSameAsync(scene, first.Snapshot.Id);
        await RequireSameAsync(scene, second.Snapshot.Id);

        Assert.True(RawTree.TrySetAttribute(RawTree.Bytes(Path.Combine(scene.SourcePath, "noted")), "user.note", [2]));
        File.SetUnixFileMode(Path.Combine(scene.SourcePath, "open"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        Directory.SetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "touched"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var third = await scene.BackUpAsync();
        Assert.Equal(names.Length, third.FilesUnchanged);
        await RequireSameAsync(scene, third.Snapshot.Id);
    }

    [Fact]
    public void Another_owner_or_mode_is_listed_anew_although_no_time_changed()
    {
        var mark = CachedEntry.MarkOf(Metadata);
        Assert.NotEqual(0ul, mark);
        Assert.Equal(mark, CachedEntry.MarkOf(Metadata with { SizeBytes = 9 }));
        EntryMetadata[] others =
        [
            Metadata with { Mode = 0x1A5 }, Metadata with { UserId = 7 }, Metadata with { GroupId = 7 }, Metadata with { UserName = "bob" }, Metadata with { GroupName = null },
            Metadata with { UserName = "adas", GroupName = "hop" },
        ];
        Assert.All(others, other => Assert.NotEqual(mark, CachedEntry.MarkOf(other)));
        Assert.Equal(0ul, CachedEntry.MarkOf(Metadata with { UserName = new string('u', 300) }));
    }

    [Fact]
    public void What_hangs_on_an_entry_besides_its_content_is_never_taken_over_unseen()
    {
        var plain = new ListedEntry { Path = EntryPath.Root.Append("a"u8), Metadata = Metadata };
        Assert.NotEqual(0ul, MarkOf(plain));
        Assert.Equal(0ul, MarkOf(plain with { LargeAttributes = [new NamedContent("user.large"u8.ToArray(), 5000, ContentRef.Empty)] }));
        Assert.Equal(0ul, MarkOf(plain with { Streams = [new NamedContent("s"u8.ToArray(), 1, ContentRef.Empty)] }));
        Assert.Equal(0ul, MarkOf(plain with { ContentFault = "SB3007" }));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void The_walk_leaves_attributes_to_those_who_need_them()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Extended attributes are set by Linux calls here.");
        using var folder = new TempFolder();
        var path = folder["a"];
        File.WriteAllText(path, "a");
        Assert.SkipUnless(RawTree.TrySetAttribute(RawTree.Bytes(path), "user.note", [1]), "This file system keeps no user attributes.");
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = [new FileSystemRoot("r", path)], DefersAttributes = true }, TimeProvider.System);
        var entry = Assert.Single(source.Enumerate(TestContext.Current.CancellationToken)).Entry!;
        Assert.True(entry.LacksAttributes);
        Assert.Empty(entry.Metadata.ExtendedAttributes);
        Assert.Contains(entry.ReadMetadata(out var fault).ExtendedAttributes, attribute => attribute.Name.AsSpan().SequenceEqual("user.note"u8));
        Assert.Null(fault);
        using var content = entry.Open();
        Assert.Contains(content.Metadata.ExtendedAttributes, attribute => attribute.Name.AsSpan().SequenceEqual("user.note"u8));
    }

    [Fact]
    public async Task Attributes_that_cannot_be_read_are_said_each_time_and_come_when_they_can()
    {
        using var scene = await PipelineScene.CreateAsync();
        var fault = new SourceFault(FaultCodes.AttributeUnreadable, "a", "The disk does not answer.");
        foreach (var (runFault, isUnchanged, stores) in new[] { (fault, false, true), (fault, true, false), (null, true, true), (null, true, false) })
        {
            scene.AdvanceTime(TimeSpan.FromMinutes(1));
            using var vault = await scene.UnlockAsync();
            var run = await BackupCorridor.RunAsync(vault, new OneFile(runFault), PipelineScene.Options, RunContext.Unwatched, PipelineScene.Token);
            Assert.Equal(runFault is null ? [] : [runFault, runFault], run.Faults);
            Assert.Equal((isUnchanged ? 1 : 0, stores), (run.FilesUnchanged, run.ChunksNew > 0));
        }
    }

    private static ulong MarkOf(ListedEntry entry) => CachedEntry.Of(entry, EntryCodec.Encode(entry), new EntryIdentity(null, 1, 1, 1)).Mark;

    [SupportedOSPlatform("linux")]
    private static async Task RequireSameAsync(PipelineScene scene, SnapshotId snapshot)
    {
        var destination = scene.Folder[Guid.NewGuid().ToString("N")];
        var restored = await scene.RestoreAsync(snapshot, destination);
        Assert.Empty(restored.Faults);
        Assert.Equal(TreeWitness.Look(scene.SourcePath), TreeWitness.Look(Path.Combine(destination, "source")));
    }

    /// <summary>A folder and a file in it that never change, and whose attributes can be read or not.</summary>
    private sealed class OneFile(SourceFault? fault) : ISource
    {
        private static readonly EntryMetadata FolderMetadata = UnchangedFilesTests.Metadata with { Kind = EntryKind.Directory, SizeBytes = 0 };

        public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
        {
            var folder = EntryPath.Root.Append("a"u8);
            yield return Item(folder, FolderMetadata);
            yield return Item(folder.Append("b"u8), UnchangedFilesTests.Metadata);
        }

        private SourceItem Item(EntryPath path, EntryMetadata metadata) => new(
            new Entry(fault)
            {
                Path = path,
                Origin = NameOrigin.UnixBytes,
                Metadata = metadata,
                LacksAttributes = true,
                Identity = new EntryIdentity(new Timestamp(1, 2), 7, 1, 1),
                StatedAt = new Timestamp(10, 0),
                TimeGranularity = TimeSpan.FromTicks(1),
            },
            null);

        private sealed class Entry(SourceFault? fault) : SourceEntry
        {
            public override EntryMetadata ReadMetadata(out SourceFault? failure)
            {
                failure = fault;
                return WithAttributes(Metadata, fault);
            }

            public override SourceContent Open() => new Content(fault) { AttributeFault = fault };

            public override SourceContent OpenStream(AlternateStream stream) => throw new InvalidOperationException("It has none.");
        }

        private sealed class Content(SourceFault? fault) : SourceContent
        {
            private bool _isRead;

            public override EntryMetadata Metadata { get; } = WithAttributes(UnchangedFilesTests.Metadata, fault);

            public override EntryIdentity Identity { get; } = new(new Timestamp(1, 2), 7, 1, 1);

            public override int Read(Span<byte> destination)
            {
                var count = _isRead ? 0 : 4;
                "same"u8[..count].CopyTo(destination);
                _isRead = true;
                return count;
            }

            public override bool IsUnchanged() => true;

            protected override void Dispose(bool disposing)
            {
                // Nothing is open.
            }
        }

        private static EntryMetadata WithAttributes(EntryMetadata metadata, SourceFault? fault) =>
            metadata with { ExtendedAttributes = fault is null ? [new ExtendedAttribute("user.note"u8.ToArray(), [1])] : [] };
    }
}
