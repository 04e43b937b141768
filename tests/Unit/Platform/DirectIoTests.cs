using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Platform;

public sealed class DirectIoTests : IDisposable
{
    private const int Block = 4096;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(0, Block)]
    [InlineData(0, (3 * Block) - 1)]
    [InlineData(0, (256 * Block) + 17)]
    [InlineData(1, 4 * Block)]
    [InlineData(512, (2 * Block) + 5)]
    public void What_is_written_is_in_the_file_wherever_it_lay_and_however_long_it_is(int start, int length)
    {
        using var buffer = OwnedBuffer.Rent(2 * 1024 * 1024);
        new Random(7).NextBytes(buffer.Span);
        var bytes = buffer.Span.Slice(start, length);

        var isPassed = Write(_folder["file"], bytes);

        Assert.Equal(bytes.ToArray(), File.ReadAllBytes(_folder["file"]));
        if (OperatingSystem.IsLinux() && new DriveInfo(_folder["."]).DriveFormat is "ext4" or "xfs" or "btrfs")
        {
            Assert.Equal(start == 0 && length >= Block, isPassed);
        }
    }

    [Fact]
    public void The_file_is_as_any_other_afterwards()
    {
        using var buffer = OwnedBuffer.Rent(1024 * 1024);
        buffer.Span.Fill(3);
        using var file = File.OpenHandle(_folder["file"], FileMode.CreateNew, FileAccess.ReadWrite);

        DirectIo.Write(file, buffer.Span);
        RandomAccess.Write(file, [1, 2, 3], 5);

        var read = new byte[4];
        Assert.Equal(4, RandomAccess.Read(file, read, 4));
        Assert.Equal([3, 1, 2, 3], read);
    }

    [Fact]
    public void A_disk_that_is_full_says_so()
    {
        using var mount = TestMount.Tmpfs("1m");
        using var buffer = OwnedBuffer.Rent(2 * 1024 * 1024);

        var full = Assert.Throws<IOException>(() => Write(Path.Join(mount.FullPath, "file"), buffer.Span));

        Assert.Equal(LinuxErrno.NoSpace, full.HResult);
    }

    [Theory]
    [InlineData(0, 0, 4 * Block, 4 * Block)]
    [InlineData(2 * Block, 0, 3 * Block, 3 * Block)]
    [InlineData(0, 0, (4 * Block) + 9, 4 * Block)]
    [InlineData(12 * Block, 0, 8 * Block, 4 * Block)]
    [InlineData(16 * Block, 0, 8 * Block, 0)]
    [InlineData(20 * Block, 0, 8 * Block, 0)]
    [InlineData(1, 0, 4 * Block, 0)]
    [InlineData(0, 512, 4 * Block, 0)]
    [InlineData(0, 0, Block - 1, 0)]
    public void What_is_read_past_the_cache_is_what_the_file_has_and_whole_blocks(long offset, int start, int length, int expected)
    {
        var content = Content((16 * Block) + 7);
        File.WriteAllBytes(_folder["file"], content);
        using var buffer = OwnedBuffer.Rent(1024 * 1024);
        buffer.Span.Fill(0xAA);
        using var file = File.OpenHandle(_folder["file"]);

        var destination = buffer.Span.Slice(start, length);
        var count = DirectIo.CanRead(file, offset, destination) ? DirectIo.Read(file, offset, destination) : 0;

        Assert.Equal(content.AsSpan((int)Math.Min(offset, content.Length))[..count], destination[..count]);
        Assert.SkipUnless(CachePassage.IsPossibleIn(_folder["."]), "Nothing passes the page cache where the tests' folder lies.");
        Assert.Equal(expected, count);
    }

    [Fact]
    public void The_cache_has_what_was_read_by_way_of_it_and_not_what_passed_it()
    {
        Assert.SkipUnless(CachePassage.IsPossibleIn(_folder["."]), "Nothing passes the page cache where the tests' folder lies.");
        using var buffer = OwnedBuffer.Rent(1024 * 1024);
        Content(buffer.LengthBytes).CopyTo(buffer.Span);
        using var file = File.OpenHandle(_folder["file"], FileMode.CreateNew, FileAccess.ReadWrite);
        Assert.True(DirectIo.Write(file, buffer.Span));
        Assert.False(DirectIo.IsInCache(file, 0, buffer.LengthBytes));

        Assert.Equal(buffer.LengthBytes, DirectIo.Read(file, 0, buffer.Span));
        Assert.False(DirectIo.IsInCache(file, 0, buffer.LengthBytes));

        RandomAccess.Read(file, buffer.Span, 0);
        Assert.True(DirectIo.IsInCache(file, 0, buffer.LengthBytes));
        Assert.True(DirectIo.IsInCache(file, 0, buffer.LengthBytes - 17));

        // Not a place that can be asked about.
        Assert.True(DirectIo.IsInCache(file, 1, Block));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void Half_of_the_pages_are_enough(int quarters, bool expected)
    {
        Assert.SkipUnless(CachePassage.IsPossibleIn(_folder["."]), "Nothing passes the page cache where the tests' folder lies.");
        using var buffer = OwnedBuffer.Rent(1024 * 1024);
        using var file = File.OpenHandle(_folder["file"], FileMode.CreateNew, FileAccess.ReadWrite);
        Assert.True(DirectIo.Write(file, buffer.Span));

        RandomAccess.Write(file, buffer.Span[..(buffer.LengthBytes / 4 * quarters)], 0);

        Assert.Equal(expected, DirectIo.IsInCache(file, 0, buffer.LengthBytes));
    }

    private static byte[] Content(int lengthBytes)
    {
        var content = new byte[lengthBytes];
        new Random(11).NextBytes(content);
        return content;
    }

    private static bool Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        return DirectIo.Write(file, bytes);
    }
}
