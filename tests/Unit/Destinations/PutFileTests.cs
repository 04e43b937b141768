using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>A file that is restored in one operation is what the long way makes, and refused where the long way refuses.</summary>
[SupportedOSPlatform("linux")]
public sealed class PutFileTests : IDisposable
{
    private readonly DestinationScene _scene = new();

    public PutFileTests() => NeedLinux();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task Content_and_attributes_stand_and_no_temporary_is_left(int length)
    {
        await using var destination = _scene.Open();
        var content = new byte[length];
        new Random(length).NextBytes(content);

        Assert.True(destination.PutFile(destination.Prepare(File("file", length)), content, readsBack: true).IsRestored);

        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(_scene.At("file"), TestContext.Current.CancellationToken));
        Assert.Equal($"640 {Noon.Seconds}", Stat(_scene.At("file"), "%a %Y"));
        Assert.Empty(_scene.Leftovers());
    }

    [Fact]
    public async Task Holes_stay_holes_up_to_the_last()
    {
        await using var destination = _scene.Open();
        const int size = 1024 * 1024;
        var file = File("sparse", size);
        var entry = file with { Metadata = file.Metadata with { Holes = [new FileExtent(4096, size - 4096)] } };
        var content = new byte[size];
        content[0] = 1;

        Assert.True(destination.PutFile(destination.Prepare(entry), content, readsBack: true).IsRestored);

        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(_scene.At("sparse"), TestContext.Current.CancellationToken));
        Assert.InRange(long.Parse(Stat(_scene.At("sparse"), "%b"), System.Globalization.CultureInfo.InvariantCulture) * 512, 1, size / 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_disk_changes_is_found_when_it_is_read_back(bool readsBack)
    {
        Directory.CreateDirectory(_scene.Folder);
        var options = With(OverwriteMode.Always);
        using var system = new WatchedSystem(_scene.Folder, options) { TurnsBytes = true };
        await using var destination = new FileSystemDestination(_scene.Folder, system, options);

        var outcome = destination.PutFile(destination.Prepare(File("file", 4)), "text"u8, readsBack);

        Assert.Equal(!readsBack, outcome.IsRestored);
        Assert.Equal(readsBack ? [FaultCodes.ReadBackMismatch] : [], outcome.Faults.Select(static fault => fault.Code));
        Assert.Equal(!readsBack, System.IO.File.Exists(_scene.At("file")));
        Assert.Empty(_scene.Leftovers());
    }

    [Fact]
    public async Task What_appeared_in_its_place_stays()
    {
        await using var destination = _scene.Open();
        var preparation = destination.Prepare(File("file", 3));
        await System.IO.File.WriteAllTextAsync(_scene.At("file"), "yours", TestContext.Current.CancellationToken);

        var outcome = destination.PutFile(preparation, "new"u8, readsBack: true);

        Assert.Equal(FaultCodes.NameCollision, Assert.Single(outcome.Faults).Code);
        Assert.Equal("yours", _scene.Read("file"));
        Assert.Empty(_scene.Leftovers());
    }

    [Theory]
    [InlineData(0b110_100_000u, "640")]
    [InlineData(0b100_000_000u, "400")]
    [InlineData(0b110_110_110u, "666")]
    [InlineData(0b001_111_101_101u, "1755")]
    public async Task In_a_folder_that_this_restore_made_it_has_the_same_mode(uint mode, string shown)
    {
        await using var destination = _scene.Open();
        var folder = destination.Prepare(Dir("d"));
        var file = File("d/file", 4);
        var preparation = destination.Prepare(file with { Metadata = file.Metadata with { Mode = mode } });

        Assert.True(destination.PutFile(preparation, "text"u8, readsBack: true).IsRestored);

        Assert.Equal($"{shown} {Noon.Seconds}", Stat(_scene.At("d/file"), "%a %Y"));
        Assert.Equal("700", Stat(_scene.At("d"), "%a"));
        Assert.True(destination.CompleteFolder(folder).IsRestored);
    }

    /// <summary>Root may put them all the same, and hence the mode that it was made with is looked at.</summary>
    [Fact]
    public async Task In_a_folder_that_this_restore_made_what_is_read_only_can_be_written_to_until_it_has_its_attributes()
    {
        Directory.CreateDirectory(_scene.Folder);
        Assert.SkipUnless(SetAttribute(_scene.Folder, "user.probe", [1]), "This file system keeps no attributes.");
        var options = With(OverwriteMode.Always);
        using var system = new WatchedSystem(_scene.Folder, options, folds: true);
        await using var destination = new FileSystemDestination(_scene.Folder, system, options);
        destination.Prepare(Dir("d"));
        var plain = File("d/plain", 4);
        plain = plain with { Metadata = plain.Metadata with { Mode = 0b100_000_000 } };
        var file = File("d/file", 4);
        file = file with { Metadata = plain.Metadata with { ExtendedAttributes = [new ExtendedAttribute("user.tag"u8.ToArray(), [7])] } };

        Assert.True(destination.PutFile(destination.Prepare(plain), "text"u8, readsBack: true).IsRestored);
        Assert.Empty(destination.PutFile(destination.Prepare(file), "text"u8, readsBack: true).Faults);

        Assert.Equal([0b100_000_000u, null], system.MadeModes);
        Assert.Equal("400", Stat(_scene.At("d/file"), "%a"));
        Assert.Equal([7], GetAttribute(_scene.At("d/file"), "user.tag"));
    }

    [Fact]
    public async Task In_a_folder_that_this_restore_made_set_id_bits_come_with_the_owner()
    {
        NeedRoot("set-id bits are given by whoever may give files away.");
        await using var destination = _scene.Open();
        destination.Prepare(Dir("d"));
        var file = File("d/file", 4);
        var preparation = destination.Prepare(file with { Metadata = file.Metadata with { Mode = 0b100_111_101_101, UserId = 12_345, GroupId = 12_345 } });

        Assert.True(destination.PutFile(preparation, "text"u8, readsBack: true).IsRestored);

        Assert.Equal("4755 12345:12345", Stat(_scene.At("d/file"), "%a %u:%g"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_appeared_in_a_folder_that_this_restore_made_stays(bool beforeTheVerdict)
    {
        await using var destination = _scene.Open();
        destination.Prepare(Dir("d"));
        var early = beforeTheVerdict ? null : destination.Prepare(File("d/file", 3));
        await System.IO.File.WriteAllTextAsync(_scene.At("d/file"), "yours", TestContext.Current.CancellationToken);

        var outcome = destination.PutFile(early ?? destination.Prepare(File("d/file", 3)), "new"u8, readsBack: true);

        Assert.Equal(FaultCodes.NameCollision, Assert.Single(outcome.Faults).Code);
        Assert.Equal("yours", _scene.Read("d/file"));
        Assert.Empty(_scene.Leftovers());
    }

    [Fact]
    public async Task A_folder_that_is_complete_is_looked_into_again()
    {
        await using var destination = _scene.Open(With(OverwriteMode.Never));
        var folder = destination.Prepare(Dir("d"));
        Assert.True(destination.CompleteFolder(folder).IsRestored);
        await System.IO.File.WriteAllTextAsync(_scene.At("d/file"), "yours", TestContext.Current.CancellationToken);

        Assert.Equal(PrepareVerdict.Skipped, destination.Prepare(File("d/file", 3)).Verdict);
    }

    [Theory]
    [InlineData(256 * 1024, new[] { 64 })]
    [InlineData((256 * 1024) - 1, new int[0])]
    [InlineData((256 * 1024) + 1, new[] { 65 })]
    public async Task The_disk_begins_with_a_long_one_at_once(int length, int[] pages)
    {
        Directory.CreateDirectory(_scene.Folder);
        var options = With(OverwriteMode.Always);
        using var system = new WatchedSystem(_scene.Folder, options);
        await using var destination = new FileSystemDestination(_scene.Folder, system, options);

        Assert.True(destination.PutFile(destination.Prepare(File("file", length)), new byte[length], readsBack: true).IsRestored);

        Assert.Equal(pages, system.BegunPages);
    }

    [Fact]
    public async Task A_folder_exchanged_for_a_link_since_the_verdict_is_not_followed()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_scene.Top, "outside")).FullName;
        await using var destination = _scene.Open();
        destination.Prepare(Dir("a"));
        var preparation = destination.Prepare(File("a/file", 1));
        Directory.Move(_scene.At("a"), _scene.At("moved"));
        Directory.CreateSymbolicLink(_scene.At("a"), outside);

        var outcome = destination.PutFile(preparation, "x"u8, readsBack: true);

        Assert.Equal(FaultCodes.DestinationInsideLink, Assert.Single(outcome.Faults).Code);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.Empty(Directory.GetFileSystemEntries(_scene.At("moved")));
    }
}
