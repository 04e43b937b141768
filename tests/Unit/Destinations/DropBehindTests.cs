using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>What a restore wrote does not take the place of what other programs have in the page cache.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class DropBehindTests : IDisposable
{
    private const int SizeBytes = 4 * 1024 * 1024;

    private readonly DestinationScene _scene = new();

    public DropBehindTests() => NeedLinux();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_file_that_was_put_leaves_the_page_cache_when_the_destination_is_closed()
    {
        NeedDroppingSystem();
        await PutAsync("file", SizeBytes);

        Assert.Equal(0, ResidentPages(_scene.At("file")));
    }

    [Fact]
    public async Task A_file_that_came_in_parts_leaves_it_too()
    {
        NeedDroppingSystem();
        await using (var destination = _scene.Open())
        {
            using var file = destination.OpenFile(destination.Prepare(File("parts", SizeBytes)));
            var bytes = Content(SizeBytes);
            file.Write(0, bytes.AsSpan(0, 1_000_001));
            file.Write(1_000_001, bytes.AsSpan(1_000_001));
            Assert.True(file.Complete().IsRestored);
            await destination.FlushAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, ResidentPages(_scene.At("parts")));
    }

    [Fact]
    public async Task A_stretch_may_go_while_the_file_is_written()
    {
        NeedDroppingSystem();
        await using var destination = _scene.Open();
        var bytes = Content(SizeBytes);
        using var file = destination.OpenFile(destination.Prepare(File("stretch", SizeBytes)));

        file.Write(0, bytes.AsSpan(0, SizeBytes / 2));
        file.DropBehind(0, SizeBytes / 2);
        file.Write(SizeBytes / 2, bytes.AsSpan(SizeBytes / 2));

        var back = new byte[SizeBytes];
        file.ReadBack(0, back);
        Assert.Equal(bytes, back);
        Assert.True(file.Complete().IsRestored);
    }

    [Fact]
    public async Task A_program_runs_as_soon_as_it_has_its_name()
    {
        const string program = "/bin/true";
        Assert.SkipUnless(System.IO.File.Exists(program), $"There is no {program}.");
        var content = new byte[SizeBytes];
        System.IO.File.ReadAllBytes(program).CopyTo(content, 0);
        await using var destination = _scene.Open();
        var entry = File("program", SizeBytes);
        entry = entry with { Metadata = entry.Metadata with { Mode = 0x1ED } };

        Assert.True(destination.PutFile(destination.Prepare(entry), content, readsBack: true).IsRestored);

        using var run = System.Diagnostics.Process.Start(_scene.At("program"));
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, run.ExitCode);
    }

    private async Task PutAsync(string name, int length)
    {
        await using var destination = _scene.Open();
        Assert.True(destination.PutFile(destination.Prepare(File(name, length)), Content(length), readsBack: true).IsRestored);
        await destination.FlushAsync(TestContext.Current.CancellationToken);
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    /// <summary>One that has its files in memory alone lets none of them go.</summary>
    private void NeedDroppingSystem()
    {
        var path = Path.Combine(Path.GetDirectoryName(_scene.Folder)!, "probe");
        bool hasCache;
        using (var probe = new FileStream(path, FileMode.Create))
        {
            probe.Write(Content(SizeBytes));
            probe.Flush(flushToDisk: true);
            hasCache = ResidentPages(path) > 0;
            _ = Advise(probe.SafeFileHandle, 0, 0, 4);
        }

        var left = ResidentPages(path);
        System.IO.File.Delete(path);
        Assert.SkipUnless(hasCache && left == 0, $"The file system of {Path.GetDirectoryName(path)} has its files in memory alone, or never in the page cache.");
    }

    private static unsafe int ResidentPages(string path)
    {
        using var file = System.IO.File.OpenHandle(path);
        var length = (nuint)RandomAccess.GetLength(file);
        var pages = new byte[((int)length + Environment.SystemPageSize - 1) / Environment.SystemPageSize];
        var start = Map(null, length, 1, 1, file, 0);
        Assert.NotEqual(-1, (nint)start);
        try
        {
            fixed (byte* resident = pages)
            {
                Assert.Equal(0, Resident(start, length, resident));
            }
        }
        finally
        {
            _ = Unmap(start, length);
        }

        return pages.Count(static page => (page & 1) != 0);
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static unsafe partial void* Map(void* address, nuint length, int protection, int flags, SafeFileHandle file, nint offset);

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static unsafe partial int Resident(void* address, nuint length, byte* pages);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static unsafe partial int Unmap(void* address, nuint length);
}
