using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Destinations.Linux;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>Nothing that a listing says makes a restore touch anything outside its folder.</summary>
public sealed class HostileEntryTests
{
    public static TheoryData<string[]> NastyPaths => new(
        new[] { ".." },
        ["a", "..", "..", "x"],
        ["."],
        ["a", "."],
        [""],
        ["a", "", "b"],
        ["/etc/passwd"],
        ["a/../../x"],
        ["a\0b"],
        ["", "etc", "passwd"],
        [new string('n', 5000)]);

    [Theory]
    [MemberData(nameof(NastyPaths))]
    public async Task No_kind_of_entry_is_made_under_a_nasty_name(string[] components)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();
        destination.Prepare(Dir("a"));
        var path = new EntryPath([.. components.Select(Encoding.UTF8.GetBytes)]);
        foreach (var kind in Enum.GetValues<EntryKind>().Where(kind => kind is not EntryKind.ReparsePoint and not EntryKind.CharacterDevice and not EntryKind.BlockDevice))
        {
            var metadata = new EntryMetadata { Kind = kind, LinkTarget = [.. "t"u8], HardLinkTarget = PathOf("a") };
            var preparation = destination.Prepare(new DestinationEntry(path, NameOrigin.UnixBytes, metadata));

            Assert.Equal(PrepareVerdict.Refused, preparation.Verdict);
            Assert.Equal(FaultCodes.HostileEntryName, Assert.Single(preparation.Faults).Code);
        }

        Assert.Equal([scene.Folder, scene.At("a")], Directory.GetFileSystemEntries(scene.Top, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_empty_path_is_refused()
    {
        using var scene = new DestinationScene();
        await using var destination = scene.Open();

        var preparation = destination.Prepare(new DestinationEntry(EntryPath.Root, NameOrigin.UnixBytes, new EntryMetadata { Kind = EntryKind.Directory }));

        Assert.Equal(FaultCodes.HostileEntryName, Assert.Single(preparation.Faults).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_written_through_a_link_that_the_restore_made(bool usesOpenBeneath)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var outside = Directory.CreateDirectory(Path.Combine(scene.Top, "outside")).FullName;
        await using var destination = OpenWith(scene, usesOpenBeneath);

        Assert.Equal(PrepareVerdict.Done, destination.Prepare(Symlink("link", outside)).Verdict);
        var through = destination.Prepare(File("link/file"));

        Assert.Equal(FaultCodes.DestinationInsideLink, Assert.Single(through.Faults).Code);
        Assert.Equal(FaultCodes.DestinationInsideLink, Assert.Single(destination.Prepare(Dir("link/folder")).Faults).Code);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_folder_exchanged_for_a_link_between_two_calls_is_not_followed(bool usesOpenBeneath)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var outside = Directory.CreateDirectory(Path.Combine(scene.Top, "outside")).FullName;
        await using var destination = OpenWith(scene, usesOpenBeneath);
        var folder = destination.Prepare(Dir("a"));
        destination.Prepare(Dir("a/b"));
        using var file = destination.OpenFile(destination.Prepare(File("a/b/file", 1)));
        file.Write(0, "x"u8);

        Directory.Move(scene.At("a"), scene.At("moved"));
        Directory.CreateSymbolicLink(scene.At("a"), outside);
        Directory.CreateDirectory(Path.Combine(outside, "b"));
        var outcome = file.Complete();

        Assert.False(outcome.IsRestored);
        Assert.Equal(FaultCodes.DestinationInsideLink, Assert.Single(outcome.Faults).Code);
        Assert.False(destination.CompleteFolder(folder).IsRestored);
        Assert.Empty(Directory.GetFiles(outside, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_file_that_is_a_link_in_the_destination_is_replaced_and_not_written_through()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var victim = Path.Combine(scene.Top, "victim");
        await System.IO.File.WriteAllTextAsync(victim, "precious", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(scene.Folder);
        System.IO.File.CreateSymbolicLink(scene.At("file"), victim);
        await using var destination = scene.Open();

        Assert.True(Restore(destination, "file", "new").IsRestored);

        Assert.Equal("precious", await System.IO.File.ReadAllTextAsync(victim, TestContext.Current.CancellationToken));
        Assert.Equal("new", scene.Read("file"));
        Assert.Null(new FileInfo(scene.At("file")).LinkTarget);
    }

    [Theory]
    [InlineData("/etc/passwd", true)]
    [InlineData("../../x", true)]
    [InlineData("../x", false)]
    [InlineData("../../sub/../x", true)]
    [InlineData("x/../../y", false)]
    [InlineData("", true)]
    public void A_link_that_points_out_is_told_from_one_that_does_not(string target, bool isOutside) =>
        Assert.Equal(isOutside, LinkRules.PointsOutside(PathOf("sub/link"), Encoding.UTF8.GetBytes(target), NameOrigin.UnixBytes));

    [Theory]
    [InlineData(@"C:\x")]
    [InlineData(@"\\server\share")]
    [InlineData(@"..\..\x")]
    public void Windows_links_are_judged_by_windows_separators(string target) =>
        Assert.True(LinkRules.PointsOutside(PathOf("sub/link"), Encoding.UTF8.GetBytes(target), NameOrigin.Wtf8));

    [Fact]
    public async Task A_link_that_points_out_is_restored_as_it_was_with_a_warning()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();

        var preparation = destination.Prepare(Symlink("link", "/etc/passwd"));

        Assert.Equal(PrepareVerdict.Done, preparation.Verdict);
        Assert.Equal(FaultCodes.LinkPointsOutside, Assert.Single(preparation.Faults).Code);
        Assert.Equal("/etc/passwd", new FileInfo(scene.At("link")).LinkTarget);
        Assert.Equal(Noon.Seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), Stat(scene.At("link"), "%Y"));
    }

    [Theory]
    [InlineData("../victim")]
    [InlineData("mine")]
    [InlineData("link")]
    [InlineData("folder")]
    [InlineData("nowhere")]
    public async Task A_hard_link_goes_only_to_what_this_restore_made(string target)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Directory.CreateDirectory(scene.Folder);
        await System.IO.File.WriteAllTextAsync(Path.Combine(scene.Top, "victim"), "v", TestContext.Current.CancellationToken);
        await System.IO.File.WriteAllTextAsync(scene.At("mine"), "m", TestContext.Current.CancellationToken);
        System.IO.File.CreateSymbolicLink(scene.At("link"), "../victim");
        await using var destination = scene.Open();
        destination.Prepare(Dir("folder"));

        var outcome = destination.Link(destination.Prepare(HardLink("further", target)));

        Assert.False(outcome.IsRestored);
        Assert.Equal(FaultCodes.HardLinkTargetMissing, Assert.Single(outcome.Faults).Code);
        Assert.False(Path.Exists(scene.At("further")));
        Assert.Empty(scene.Leftovers());
    }

    [Fact]
    public async Task A_reopened_temporary_that_was_exchanged_is_not_written_to()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var victim = Path.Combine(scene.Top, "victim");
        await System.IO.File.WriteAllTextAsync(victim, "precious", TestContext.Current.CancellationToken);
        await using var destination = scene.Open(With(OverwriteMode.Always) with { MaxOpenFiles = 1 });
        using var file = destination.OpenFile(destination.Prepare(File("a", 8)));
        var temporary = Assert.Single(scene.Leftovers());
        using var other = destination.OpenFile(destination.Prepare(File("b", 1)));

        System.IO.File.Delete(temporary);
        System.IO.File.CreateSymbolicLink(temporary, victim);
        var failure = Assert.Throws<DestinationFaultException>(() => file.Write(0, "overtake"u8));

        Assert.Equal(FaultCodes.WriteRefused, failure.Fault.Code);
        Assert.Equal("precious", await System.IO.File.ReadAllTextAsync(victim, TestContext.Current.CancellationToken));
    }

    private static FileSystemDestination OpenWith(DestinationScene scene, bool usesOpenBeneath)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException();
        }

        Directory.CreateDirectory(scene.Folder);
        var options = With(OverwriteMode.Always);
        return new FileSystemDestination(scene.Folder, new LinuxDestinationSystem(scene.Folder, options, usesOpenBeneath), options);
    }
}
