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

    private static bool Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        return DirectIo.Write(file, bytes);
    }
}
