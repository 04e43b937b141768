using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>Another place is no way around a destination's checks.</summary>
public sealed class RebasedDestinationTests
{
    [Fact]
    public async Task One_entry_comes_to_its_new_place_with_what_is_below_it_and_nothing_beside()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using (var destination = new RebasedDestination(scene.Open(), PathOf("crm/notes"), "kept"u8.ToArray(), takesBelow: true))
        {
            Assert.Equal(PrepareVerdict.Kept, destination.Prepare(Dir("crm")).Verdict);
            var folder = destination.Prepare(Dir("crm/notes"));
            Assert.Equal((PrepareVerdict.Folder, PathOf("crm/notes")), (folder.Verdict, folder.Entry.Path));
            Assert.Equal(PrepareVerdict.Kept, destination.Prepare(File("crm/beside.txt", 3)).Verdict);
            Write(destination, "crm/notes/a.txt", "one");
            var link = destination.Prepare(HardLink("crm/notes/b.txt", "crm/notes/a.txt"));
            Assert.True(destination.Link(link).IsRestored);
            Assert.True(destination.CompleteFolder(folder).IsRestored);
        }

        Assert.Equal([scene.At("kept"), scene.At("kept/a.txt"), scene.At("kept/b.txt")], Directory.GetFileSystemEntries(scene.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        Assert.Equal("one", scene.Read("kept/b.txt"));
        Assert.Equal(Stat(scene.At("kept/a.txt"), "%i"), Stat(scene.At("kept/b.txt"), "%i"));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(Noon.Seconds).UtcDateTime, new DirectoryInfo(scene.At("kept")).LastWriteTimeUtc, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Without_what_is_below_a_folder_comes_alone_and_an_own_name_stays()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = new RebasedDestination(scene.Open(), PathOf("crm/notes"), name: null, takesBelow: false);
        destination.Prepare(Dir("crm/notes"));
        Assert.Equal(PrepareVerdict.Kept, destination.Prepare(File("crm/notes/a.txt", 3)).Verdict);
        Assert.Equal([scene.At("notes")], Directory.GetFileSystemEntries(scene.Folder, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("a/../../x")]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    public async Task A_hostile_name_below_the_entry_or_given_for_it_is_refused(string name)
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = new RebasedDestination(scene.Open(), PathOf("crm"), name: null, takesBelow: true);
        var path = new EntryPath(["crm"u8.ToArray(), Encoding.UTF8.GetBytes(name)]);
        var refused = destination.Prepare(new DestinationEntry(path, NameOrigin.UnixBytes, File("x", 3).Metadata));
        Assert.Equal((PrepareVerdict.Refused, FaultCodes.HostileEntryName), (refused.Verdict, refused.Faults[0].Code));

        await using var renamed = new RebasedDestination(scene.Open(), PathOf("crm"), Encoding.UTF8.GetBytes(name), takesBelow: true);
        Assert.Equal(PrepareVerdict.Refused, renamed.Prepare(Dir("crm")).Verdict);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(scene.Top, "*", SearchOption.AllDirectories), entry => entry.EndsWith("passwd", StringComparison.Ordinal) || entry.EndsWith("/x", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_further_name_of_a_file_that_does_not_come_along_is_refused()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Directory.CreateDirectory(scene.At("crm"));
        await System.IO.File.WriteAllTextAsync(scene.At("crm/secret"), "not of this restore", TestContext.Current.CancellationToken);
        await using var destination = new RebasedDestination(scene.Open(), PathOf("crm/notes"), name: null, takesBelow: true);
        destination.Prepare(Dir("crm/notes"));
        var link = destination.Prepare(HardLink("crm/notes/b.txt", "crm/secret"));
        var outcome = link.Verdict == PrepareVerdict.Link ? destination.Link(link) : new EntryOutcome(false, link.Faults);
        Assert.False(outcome.IsRestored);
        Assert.False(System.IO.File.Exists(scene.At("notes/b.txt")));
    }

    private static void Write(RebasedDestination destination, string path, string text)
    {
        var preparation = destination.Prepare(File(path, text.Length));
        Assert.Equal(PrepareVerdict.Content, preparation.Verdict);
        using var file = destination.OpenFile(preparation);
        file.Write(0, Encoding.UTF8.GetBytes(text));
        Assert.True(file.Complete().IsRestored);
    }
}
