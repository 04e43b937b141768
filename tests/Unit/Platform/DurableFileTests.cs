using System.Security.Cryptography;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Tests.Unit.Platform;

public sealed class DurableFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task If_absent_writes_once_and_keeps_what_is_there()
    {
        Assert.True(await DurableFile.WriteAsync(_folder["pin"], new byte[] { 1 }, DurableWriteOptions.IfAbsent, Cancel));
        Assert.False(await DurableFile.WriteAsync(_folder["pin"], new byte[] { 2 }, DurableWriteOptions.IfAbsent, Cancel));

        Assert.Equal([1], File.ReadAllBytes(_folder["pin"]));
        Assert.Equal(["pin"], _folder.Files());
    }

    [Fact]
    public async Task Replace_replaces()
    {
        Assert.True(await DurableFile.WriteAsync(_folder["pin"], new byte[] { 1 }, DurableWriteOptions.Replace, Cancel));
        Assert.True(await DurableFile.WriteAsync(_folder["pin"], new byte[] { 2 }, DurableWriteOptions.Replace, Cancel));

        Assert.Equal([2], File.ReadAllBytes(_folder["pin"]));
        Assert.Equal(["pin"], _folder.Files());
    }

    [Fact]
    public async Task A_private_file_is_its_owners_alone_from_the_first_byte_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no Unix file modes.");
        var modeWhileWriting = UnixFileMode.None;

        await DurableFile.WriteAsync(
            _folder["key"],
            (file, token) =>
            {
                modeWhileWriting = OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(((FileStream)file).SafeFileHandle);
                return file.WriteAsync(new byte[] { 1 }, token).AsTask();
            },
            DurableWriteOptions.Private,
            Cancel);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, modeWhileWriting);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(modeWhileWriting, File.GetUnixFileMode(_folder["key"]));
        }
    }

    [Fact]
    public async Task The_name_appears_only_when_all_bytes_are_there()
    {
        string[] seen = [];

        await DurableFile.WriteAsync(
            _folder["object"],
            async (file, token) =>
            {
                await file.WriteAsync(new byte[] { 1 }, token);
                seen = _folder.Files();
            },
            DurableWriteOptions.IfAbsent,
            Cancel);

        Assert.True(DurableFile.IsTemporaryName(Assert.Single(seen)));
        Assert.Equal(["object"], _folder.Files());
    }

    [Theory]
    [InlineData(DurableWriteMode.IfAbsent)]
    [InlineData(DurableWriteMode.Replace)]
    public async Task A_write_that_fails_or_is_cancelled_leaves_what_was(DurableWriteMode mode)
    {
        var options = new DurableWriteOptions(mode);
        var name = _folder["state"];
        if (mode == DurableWriteMode.Replace)
        {
            await DurableFile.WriteAsync(name, new byte[] { 1 }, options, Cancel);
        }

        var before = _folder.Files();
        using var source = new CancellationTokenSource();

        await Assert.ThrowsAsync<InvalidDataException>(() => DurableFile.WriteAsync(name, (_, _) => throw new InvalidDataException(), options, Cancel));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DurableFile.WriteAsync(name, (_, _) => source.CancelAsync(), options, source.Token));

        Assert.Equal(before, _folder.Files());
        Assert.All(before, file => Assert.Equal([1], File.ReadAllBytes(_folder[file])));
    }

    [Fact]
    public async Task A_full_disk_leaves_nothing()
    {
        using var mount = TestMount.Tmpfs("1m");

        var error = await Assert.ThrowsAsync<IOException>(() =>
            DurableFile.WriteAsync(Path.Combine(mount.FullPath, "object"), new byte[4 << 20], DurableWriteOptions.IfAbsent, Cancel));

        Assert.Equal(28, error.HResult);
        Assert.Empty(Directory.GetFileSystemEntries(mount.FullPath));
    }

    [Fact]
    public async Task Of_many_writers_one_wins()
    {
        var wins = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(
            () => DurableFile.WriteAsync(_folder["object"], new[] { (byte)writer }, DurableWriteOptions.IfAbsent, Cancel), Cancel)));

        Assert.Single(wins, won => won);
        Assert.Equal([(byte)Array.IndexOf(wins, true)], File.ReadAllBytes(_folder["object"]));
        Assert.Equal(["object"], _folder.Files());
    }

    [Fact]
    public void The_exclusive_rename_of_file_systems_without_links_never_replaces()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows moves without replacing by itself.");
        File.WriteAllText(_folder["from"], "new");
        File.WriteAllText(_folder["taken"], "old");

        Assert.False(ExclusiveMove.TryRename(_folder["from"], _folder["taken"]));
        Assert.True(ExclusiveMove.TryRename(_folder["from"], _folder["free"]));

        Assert.Equal("old", File.ReadAllText(_folder["taken"]));
        Assert.Equal("new", File.ReadAllText(_folder["free"]));
        Assert.Equal(["free", "taken"], _folder.Files());
    }

    [Fact]
    public void The_exclusive_move_keeps_a_broken_link()
    {
        File.WriteAllText(_folder["from"], "new");
        File.CreateSymbolicLink(_folder["link"], _folder["nowhere"]);

        Assert.False(ExclusiveMove.TryMove(_folder["from"], _folder["link"]));

        Assert.Equal(["from", "link"], _folder.Files());
    }

    [Fact]
    public void A_directory_that_is_gone_or_is_a_file_cannot_be_flushed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such flush.");
        File.WriteAllText(_folder["file"], "");

        DirectorySync.Flush(_folder.FullPath);
        Assert.Throws<FileNotFoundException>(() => DirectorySync.Flush(_folder["gone"]));
        Assert.Throws<IOException>(() => DirectorySync.Flush(_folder["file"]));
    }

    [Fact]
    public async Task The_sweep_takes_old_temporaries_alone()
    {
        var now = DateTimeOffset.UtcNow;
        string? abandoned = null;
        await DurableFile.WriteAsync(
            _folder["object"],
            (file, _) =>
            {
                abandoned = Path.GetFileName(((FileStream)file).Name);
                return Task.CompletedTask;
            },
            DurableWriteOptions.IfAbsent,
            Cancel);
        File.WriteAllText(_folder[abandoned!], "from a run that died");
        File.WriteAllText(_folder[abandoned! + "-young"], "from a run at work");
        File.SetLastWriteTimeUtc(_folder[abandoned!], now.UtcDateTime - DurableFile.StaleAge - TimeSpan.FromMinutes(1));
        File.SetLastWriteTimeUtc(_folder["object"], now.UtcDateTime - TimeSpan.FromDays(100));

        Assert.Equal(1, DurableFile.SweepTemporaries(_folder.FullPath, now));

        Assert.Equal([abandoned + "-young", "object"], _folder.Files());
    }

    [Fact]
    public async Task Large_content_comes_back_whole()
    {
        var bytes = RandomNumberGenerator.GetBytes(3_000_001);

        await DurableFile.WriteAsync(_folder["object"], bytes, DurableWriteOptions.IfAbsent, Cancel);

        Assert.Equal(bytes, File.ReadAllBytes(_folder["object"]));
    }
}
