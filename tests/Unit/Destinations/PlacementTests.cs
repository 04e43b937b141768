using System.Runtime.Versioning;
using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>Two names that mean one file, met in the same moment by two threads.</summary>
[SupportedOSPlatform("linux")]
public sealed class PlacementTests : IDisposable
{
    private readonly DestinationScene _scene = new();

    public PlacementTests()
    {
        DestinationScene.NeedLinux();
        Directory.CreateDirectory(_scene.Folder);
    }

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(OverwriteMode.Always)]
    [InlineData(OverwriteMode.Never)]
    public async Task What_has_just_got_its_name_is_known_under_every_spelling(OverwriteMode mode)
    {
        var options = DestinationScene.With(mode);
        using var system = new WatchedSystem(_scene.Folder, options, folds: true);
        await using var destination = new FileSystemDestination(_scene.Folder, system, options);
        Preparation? met = null;
        system.OnMoved = () => met = destination.Prepare(DestinationScene.File("NAME", 5));

        Assert.True(DestinationScene.Restore(destination, "name", "first").IsRestored);

        Assert.Equal(PrepareVerdict.Refused, met!.Verdict);
        Assert.Equal(FaultCodes.NameCollision, Assert.Single(met.Faults).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_many_spellings_at_once_one_is_restored_and_the_others_are_told(bool stands)
    {
        string[] spellings = ["name", "NAME", "Name", "nAME", "naME", "NAme", "nAmE", "NaMe"];
        var options = DestinationScene.With(OverwriteMode.Always);
        if (stands)
        {
            File.WriteAllText(_scene.At("name"), "before");
        }

        await using var destination = WatchedSystem.Destination(_scene.Folder, options, folds: true);
        var prepared = spellings.Select(spelling => destination.Prepare(DestinationScene.File(spelling, 4))).ToList();
        var outcomes = new EntryOutcome[spellings.Length];
        Parallel.For(0, spellings.Length, i => outcomes[i] = destination.PutFile(prepared[i], Encoding.ASCII.GetBytes(spellings[i]), readsBack: true));

        var placed = Assert.Single(outcomes, static outcome => outcome.IsRestored);
        Assert.All(outcomes.Where(outcome => outcome != placed), static outcome => Assert.Equal(FaultCodes.NameCollision, Assert.Single(outcome.Faults).Code));
        var file = Assert.Single(Directory.GetFiles(_scene.Folder));
        Assert.Equal(spellings[Array.IndexOf(outcomes, placed)], File.ReadAllText(file));
    }
}
