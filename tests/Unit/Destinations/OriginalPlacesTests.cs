using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>Roots go back to where they were, through no link and over nobody else's.</summary>
public sealed class OriginalPlacesTests : IDisposable
{
    private static readonly DestinationOptions InPlace = new() { InPlace = true };

    private readonly DestinationScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Each_root_goes_to_its_own_place_whatever_it_is_called_in_the_snapshot()
    {
        DestinationScene.NeedLinux();
        var (first, second) = (Directory.CreateDirectory(Path.Combine(_scene.Top, "a", "crm")).FullName, Directory.CreateDirectory(Path.Combine(_scene.Top, "b", "crm")).FullName);
        await using var destination = FileSystemDestination.OpenOriginal([Place("crm", first), Place("crm-2", second)], InPlace);

        Assert.Equal(PrepareVerdict.Folder, destination.Prepare(DestinationScene.Dir("crm-2")).Verdict);
        Assert.True(DestinationScene.Restore(destination, "crm/file", "one").IsRestored);
        Assert.True(DestinationScene.Restore(destination, "crm-2/file", "two").IsRestored);

        Assert.Equal(("one", "two"), (File.ReadAllText(Path.Combine(first, "file")), File.ReadAllText(Path.Combine(second, "file"))));
        Assert.Equal(PrepareVerdict.Refused, destination.Prepare(DestinationScene.File("other/file")).Verdict);
    }

    [Fact]
    public async Task A_parent_that_became_a_link_leads_nowhere()
    {
        DestinationScene.NeedLinux();
        var elsewhere = Directory.CreateDirectory(Path.Combine(_scene.Top, "elsewhere")).FullName;
        Directory.CreateDirectory(Path.Combine(elsewhere, "crm"));
        Directory.CreateSymbolicLink(Path.Combine(_scene.Top, "srv"), elsewhere);
        await using var destination = FileSystemDestination.OpenOriginal([Place("crm", Path.Combine(_scene.Top, "srv", "crm"))], InPlace);

        var root = destination.Prepare(DestinationScene.Dir("crm"));
        var file = destination.Prepare(DestinationScene.File("crm/file", 3));

        Assert.Equal([FaultCodes.DestinationInsideLink, FaultCodes.DestinationInsideLink], root.Faults.Concat(file.Faults).Select(fault => fault.Code));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(elsewhere, "crm")));
    }

    [Theory]
    [InlineData("/srv/data", "/srv/data/inner")]
    [InlineData("/srv/data", "relative")]
    [InlineData("/srv/data", "/srv/\uFFFD")]
    public void Places_that_cannot_be_found_again_are_refused(string first, string second)
    {
        DestinationScene.NeedLinux();
        var refused = Assert.Throws<RequestException>(() => FileSystemDestination.OpenOriginal([Place("data", first), Place("inner", second)], InPlace));
        Assert.Equal(FaultCodes.OriginalPlaceUnknown, refused.Code);
    }

    [Fact]
    public async Task The_top_of_a_file_system_keeps_its_attributes()
    {
        DestinationScene.NeedLinux();
        await using var destination = FileSystemDestination.OpenOriginal([Place("root", "/")], InPlace);
        Assert.Equal(PrepareVerdict.Kept, destination.Prepare(DestinationScene.Dir("root")).Verdict);
        var path = "root" + Path.Combine(_scene.Top, "file");
        Assert.True(DestinationScene.Restore(destination, path, "below").IsRestored);
        Assert.Equal("below", File.ReadAllText(Path.Combine(_scene.Top, "file")));
    }

    private static OriginalPlace Place(string name, string path) => new(Encoding.UTF8.GetBytes(name), path);
}
