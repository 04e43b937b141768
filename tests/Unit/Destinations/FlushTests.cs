using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>A flush asks the file systems that hold something new, and nothing else of the machine.</summary>
[SupportedOSPlatform("linux")]
public sealed class FlushTests : IDisposable
{
    private static readonly DestinationOptions InPlace = new() { InPlace = true };

    private readonly DestinationScene _scene = new();

    public FlushTests()
    {
        DestinationScene.NeedLinux();
        Directory.CreateDirectory(_scene.Folder);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Only_what_was_changed_since_the_last_flush_is_flushed()
    {
        using var system = new WatchedSystem(_scene.Folder, InPlace);
        await using var destination = new FileSystemDestination(_scene.Folder, system, InPlace);
        await Expect(0, "nothing was made");

        var folder = destination.Prepare(DestinationScene.Dir("d"));
        await Expect(1, "a folder was made");
        await Expect(1, "nothing was done since");

        Assert.True(DestinationScene.Restore(destination, "d/file", "text").IsRestored);
        await Expect(2, "a file was written");
        await Expect(2, "nothing was done since");

        Assert.Equal(FaultCodes.NameCollision, Assert.Single(DestinationScene.Restore(destination, "d/file", "text").Faults).Code);
        await Expect(2, "a name was refused");

        Assert.Equal(PrepareVerdict.Done, destination.Prepare(DestinationScene.Symlink("d/link", "file")).Verdict);
        await Expect(3, "a link was made");

        Assert.True(destination.Link(destination.Prepare(DestinationScene.HardLink("d/further", "d/file"))).IsRestored);
        await Expect(4, "a further name was made");

        Assert.True(destination.CompleteFolder(folder).IsRestored);
        await Expect(5, "attributes were set");
        Assert.Equal(EntryChange.None, destination.CompleteFolder(folder).Change);
        await Expect(5, "they were right already");

        await File.WriteAllTextAsync(_scene.At("d/extra"), "x", Token);
        Assert.Null(destination.Remove(DestinationScene.PathOf("d/extra"), Seen("d/extra"), new EntryIdentity(null, 0, 0, 1)));
        await Expect(6, "an extra was removed");

        Assert.False(system.HasHeldPoolThread);

        async Task Expect(int times, string because)
        {
            await destination.FlushAsync(Token);
            Assert.True((system.Flushed, system.FlushedAll) == (times, 0), $"{system.Flushed} and {system.FlushedAll} flushes where {times} were expected: {because}.");
        }
    }

    /// <summary>An attempt that was cut off may have written what is found right now.</summary>
    [Fact]
    public async Task What_stands_there_is_flushed_once_and_again_when_its_attributes_are_set()
    {
        await File.WriteAllTextAsync(_scene.At("one"), "text", Token);
        await File.WriteAllTextAsync(_scene.At("two"), "text", Token);
        using var system = new WatchedSystem(_scene.Folder, InPlace);
        await using var destination = new FileSystemDestination(_scene.Folder, system, InPlace);

        var one = destination.Prepare(DestinationScene.File("one", 4));
        await destination.FlushAsync(Token);
        var two = destination.Prepare(DestinationScene.File("two", 4));
        await destination.FlushAsync(Token);
        Assert.Equal(1, system.Flushed);

        Assert.Equal(EntryChange.Attributes, destination.Settle(one, one.Standing!)!.Change);
        await destination.FlushAsync(Token);
        Assert.Equal(2, system.Flushed);
        Assert.Equal(PrepareVerdict.Compare, two.Verdict);
    }

    [Fact]
    public async Task Each_file_system_is_flushed_and_no_other()
    {
        using var first = TestMount.Tmpfs("1m");
        using var second = TestMount.Tmpfs("1m");
        using var system = new WatchedSystem("/", InPlace);
        var places = new OriginalPlaces([new("one"u8.ToArray(), first.FullPath), new("two"u8.ToArray(), second.FullPath), new("three"u8.ToArray(), _scene.Folder)]);
        await using var destination = new FileSystemDestination("places", system, InPlace, places);

        Assert.True(DestinationScene.Restore(destination, "one/a", "text").IsRestored);
        Assert.True(DestinationScene.Restore(destination, "one/b", "text").IsRestored);
        Assert.True(DestinationScene.Restore(destination, "two/a", "text").IsRestored);
        await destination.FlushAsync(Token);

        Assert.Equal((2, 0), (system.Flushed, system.FlushedAll));
        Assert.True(DestinationScene.Restore(destination, "three/a", "text").IsRestored);
        await destination.FlushAsync(Token);
        Assert.Equal((3, 0), (system.Flushed, system.FlushedAll));
    }

    /// <summary>The system tells the failure of a write once, and the flush that hears it may be one that nobody waits for.</summary>
    [Fact]
    public async Task A_flush_that_failed_is_never_followed_by_one_that_succeeds()
    {
        using var system = new WatchedSystem(_scene.Folder, InPlace) { FailsOnce = true };
        await using var destination = new FileSystemDestination(_scene.Folder, system, InPlace);
        Assert.True(DestinationScene.Restore(destination, "file", "text").IsRestored);

        for (var i = 0; i < 2; i++)
        {
            var failure = await Assert.ThrowsAsync<DestinationException>(() => destination.FlushAsync(Token));
            Assert.Equal(FaultCodes.DestinationFailed, failure.Code);
        }
    }

    private EntryMetadata Seen(string path)
    {
        using var system = new Engine.Destinations.Linux.LinuxDestinationSystem(_scene.Folder, InPlace);
        var way = DestinationScene.PathOf(path).Components;
        using var folder = system.OpenFolder([.. way.Take(way.Count - 1)]);
        return new EntryMetadata { Kind = EntryKind.File, ModifiedAt = folder.Look(way[^1])!.ModifiedAt };
    }
}
