using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>What stands there is touched only as far as it was asked for, and never half.</summary>
public sealed class OverwriteTests
{
    private static readonly DateTimeOffset Old = Noon.ToDateTimeOffset().AddDays(-1);
    private static readonly DateTimeOffset Young = Noon.ToDateTimeOffset().AddDays(1);

    [Theory]
    [InlineData(OverwriteMode.Never, false, PrepareVerdict.Skipped)]
    [InlineData(OverwriteMode.IfNewer, false, PrepareVerdict.Content)]
    [InlineData(OverwriteMode.IfNewer, true, PrepareVerdict.Skipped)]
    [InlineData(OverwriteMode.IfDifferent, true, PrepareVerdict.Content)]
    [InlineData(OverwriteMode.Always, true, PrepareVerdict.Content)]
    public async Task Each_mode_decides_by_its_own_rule(OverwriteMode mode, bool standingIsYounger, PrepareVerdict expected)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "file", "old", standingIsYounger ? Young : Old);
        await using var destination = scene.Open(With(mode));

        var preparation = destination.Prepare(File("file", 3));

        Assert.Equal(expected, preparation.Verdict);
        Assert.Equal(expected == PrepareVerdict.Skipped, preparation.Faults.Any(fault => fault.Code == FaultCodes.EntryExists));
        Assert.Equal("old", scene.Read("file"));
    }

    [Theory]
    [InlineData(OverwriteMode.Never, PrepareVerdict.Skipped)]
    [InlineData(OverwriteMode.IfNewer, PrepareVerdict.Skipped)]
    [InlineData(OverwriteMode.IfDifferent, PrepareVerdict.Link)]
    [InlineData(OverwriteMode.Always, PrepareVerdict.Link)]
    public async Task A_further_name_that_is_left_asks_for_no_first_name(OverwriteMode mode, PrepareVerdict expected)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "first", "old", Young);
        Stand(scene, "further", "old", Young);
        await using var destination = scene.Open(With(mode));

        Assert.Equal(expected, destination.Prepare(HardLink("further", "first")).Verdict);
    }

    [Fact]
    public async Task IfDifferent_keeps_what_has_kind_size_and_time_and_replaces_on_any_other()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using (var first = scene.Open())
        {
            Assert.True(Restore(first, "file", "abc").IsRestored);
            Assert.Equal(PrepareVerdict.Done, first.Prepare(Symlink("link", "file")).Verdict);
        }

        await using var again = scene.Open(With(OverwriteMode.IfDifferent));
        Assert.Equal(PrepareVerdict.Kept, again.Prepare(File("file", 3)).Verdict);
        Assert.Equal(PrepareVerdict.Kept, again.Prepare(Symlink("link", "file")).Verdict);

        await using var third = scene.Open(With(OverwriteMode.IfDifferent));
        Assert.Equal(PrepareVerdict.Content, third.Prepare(File("file", 4)).Verdict);
        Assert.Equal(PrepareVerdict.Content, third.Prepare(File("link", 3)).Verdict);
        var later = File("file", 3);
        Assert.Equal(
            PrepareVerdict.Content,
            third.Prepare(later with { Metadata = later.Metadata with { ModifiedAt = new Timestamp(Noon.Seconds, Noon.Nanoseconds + 1) } }).Verdict);
    }

    [Fact]
    public async Task An_interrupted_restore_leaves_the_old_file_and_no_temporary()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "file", "old", Old);
        await using (var destination = scene.Open())
        {
            var file = destination.OpenFile(destination.Prepare(File("file", 6)));
            file.Write(0, "new"u8);
            Assert.Single(scene.Leftovers());
            Assert.Equal("old", scene.Read("file"));
        }

        Assert.Equal("old", scene.Read("file"));
        Assert.Empty(scene.Leftovers());
    }

    [Fact]
    public async Task A_file_that_lacks_bytes_is_not_put_in_place()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "file", "old", Old);
        await using var destination = scene.Open();
        var file = destination.OpenFile(destination.Prepare(File("file", 6)));
        file.Write(0, "new"u8);

        var outcome = file.Complete();

        Assert.False(outcome.IsRestored);
        Assert.Equal(FaultCodes.ContentIncomplete, Assert.Single(outcome.Faults).Code);
        Assert.Equal("old", scene.Read("file"));
        Assert.Empty(scene.Leftovers());
    }

    [Fact]
    public async Task Bytes_beyond_the_end_are_refused()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();
        using var file = destination.OpenFile(destination.Prepare(File("file", 4)));

        Assert.Equal(FaultCodes.ContentIncomplete, Assert.Throws<DestinationFaultException>(() => file.Write(2, "abc"u8)).Fault.Code);
        Assert.Equal(FaultCodes.ContentIncomplete, Assert.Throws<DestinationFaultException>(() => file.Write(long.MaxValue, "abc"u8)).Fault.Code);
        Assert.Equal(FaultCodes.ContentIncomplete, Assert.Throws<DestinationFaultException>(() => file.Write(-1, "a"u8)).Fault.Code);
    }

    [Fact]
    public async Task A_size_that_no_file_can_have_is_a_fault_of_that_entry()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();

        foreach (var size in new[] { long.MaxValue, -1 })
        {
            var preparation = destination.Prepare(File("file", size));
            Assert.Equal(FaultCodes.WriteRefused, Assert.Throws<DestinationFaultException>(() => destination.OpenFile(preparation)).Fault.Code);
        }

        Assert.Empty(scene.Leftovers());
        Assert.True(Restore(destination, "other", "x").IsRestored);
    }

    [Fact]
    public async Task A_folder_is_never_removed_for_something_else()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "place/inner", "old", Old);
        await using var destination = scene.Open();

        Assert.Equal(FaultCodes.EntryInTheWay, Assert.Single(destination.Prepare(File("place")).Faults).Code);
        Assert.Equal(FaultCodes.EntryInTheWay, Assert.Single(destination.Prepare(Symlink("place", "x")).Faults).Code);
        Assert.Equal("old", scene.Read("place/inner"));
    }

    [Fact]
    public async Task A_file_makes_way_for_a_folder_only_when_asked()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "place", "old", Old);
        await using (var careful = scene.Open(With(OverwriteMode.Never)))
        {
            Assert.Equal(FaultCodes.EntryExists, Assert.Single(careful.Prepare(Dir("place")).Faults).Code);
            Assert.Equal(FaultCodes.EntryInTheWay, Assert.Single(careful.Prepare(File("place/inner")).Faults).Code);
        }

        await using var destination = scene.Open();
        Assert.Equal(PrepareVerdict.Folder, destination.Prepare(Dir("place")).Verdict);
        Assert.True(Restore(destination, "place/inner", "new").IsRestored);
    }

    [Fact]
    public async Task Never_keeps_a_folders_attributes_and_restores_what_is_missing_in_it()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "folder/there", "old", Old);
        await using var destination = scene.Open(With(OverwriteMode.Never));

        Assert.Equal(PrepareVerdict.Kept, destination.Prepare(Dir("folder")).Verdict);
        Assert.False(Restore(destination, "folder/there", "new").IsRestored);
        Assert.True(Restore(destination, "folder/missing", "new").IsRestored);

        Assert.Equal("old", scene.Read("folder/there"));
        Assert.Equal("new", scene.Read("folder/missing"));
    }

    [Fact]
    public async Task A_second_entry_for_a_place_that_this_restore_filled_is_a_collision()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();
        Assert.True(Restore(destination, "file", "first").IsRestored);
        destination.Prepare(Dir("folder"));

        Assert.Equal(FaultCodes.NameCollision, Assert.Single(destination.Prepare(File("file")).Faults).Code);
        Assert.Equal(FaultCodes.NameCollision, Assert.Single(destination.Prepare(Dir("folder")).Faults).Code);
        Assert.Equal("first", scene.Read("file"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_files_in_progress_for_one_place_the_second_is_a_collision(bool isPlaceTaken)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        if (isPlaceTaken)
        {
            Stand(scene, "file", "old", Old);
        }

        await using var destination = scene.Open();
        var one = destination.OpenFile(destination.Prepare(File("file", 1)));
        var two = destination.OpenFile(destination.Prepare(File("file", 1)));
        one.Write(0, "1"u8);
        two.Write(0, "2"u8);

        Assert.True(two.Complete().IsRestored);
        var outcome = one.Complete();

        Assert.Equal(FaultCodes.NameCollision, Assert.Single(outcome.Faults).Code);
        Assert.Equal("2", scene.Read("file"));
        Assert.Empty(scene.Leftovers());
    }

    [Fact]
    public async Task Names_that_a_folding_folder_takes_for_one_do_not_overwrite_each_other()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();
        Assert.True(Restore(destination, "Name", "upper").IsRestored);
        // A folding file system shows the same file under the other name; a second name of it does so anywhere.
        Run("ln", scene.At("Name"), scene.At("name"));

        Assert.Equal(FaultCodes.NameCollision, Assert.Single(Restore(destination, "name", "lower").Faults).Code);
        Assert.Equal("upper", scene.Read("Name"));
    }

    [Fact]
    public async Task Hard_links_share_one_file_also_when_restored_over_an_older_restore()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        foreach (var mode in new[] { OverwriteMode.Always, OverwriteMode.Always, OverwriteMode.IfDifferent })
        {
            await using var destination = scene.Open(With(mode));
            Restore(destination, "first", "text");
            var outcome = destination.Link(destination.Prepare(HardLink("second", "first")));

            Assert.True(outcome.IsRestored);
            Assert.Equal(Stat(scene.At("first"), "%i"), Stat(scene.At("second"), "%i"));
            Assert.Equal("2", Stat(scene.At("first"), "%h"));
        }

        Assert.Empty(scene.Leftovers());
    }

    [Fact]
    public async Task Never_leaves_a_file_where_a_hard_link_would_go()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Stand(scene, "second", "old", Old);
        await using var destination = scene.Open(With(OverwriteMode.Never));
        Restore(destination, "first", "text");

        var preparation = destination.Prepare(HardLink("second", "first"));

        Assert.Equal(PrepareVerdict.Skipped, preparation.Verdict);
        Assert.Equal(FaultCodes.EntryExists, Assert.Single(preparation.Faults).Code);
        Assert.Equal("old", scene.Read("second"));
    }

    private static void Stand(DestinationScene scene, string path, string text, DateTimeOffset modified)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(scene.At(path))!);
        System.IO.File.WriteAllBytes(scene.At(path), Encoding.UTF8.GetBytes(text));
        System.IO.File.SetLastWriteTimeUtc(scene.At(path), modified.UtcDateTime);
    }
}
