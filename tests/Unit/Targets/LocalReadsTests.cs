using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Platform;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class LocalReadsTests : IDisposable
{
    private const int Bytes = (1024 * 1024) + 123;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Where_pages_are_dear_what_the_cache_lacks_is_read_past_it(bool isDear, bool isOnThreadPool)
    {
        using var content = Content();
        using var file = WritePastCache(content);
        var cost = new PageCost();
        Learn(cost, isDear ? 1e-5 : 1e-7);

        using var read = OwnedBuffer.Rent(Bytes);
        Assert.Equal(Bytes, await FillAsync(new LocalReads(cost), file, 0, read, isOnThreadPool));

        Assert.Equal(content.Span, read.Span);
        Assert.SkipUnless(CachePassage.IsPossibleIn(_folder["."]), "Nothing passes the page cache where the tests' folder lies, so only the bytes were compared.");
        Assert.Equal(!isDear, DirectIo.IsInCache(file, 0, Bytes));
    }

    [Fact]
    public async Task What_the_cache_has_comes_from_it_and_tells_nothing_of_what_pages_cost()
    {
        using var content = Content();
        using var file = WritePastCache(content);
        using var read = OwnedBuffer.Rent(Bytes);
        RandomAccess.Read(file, read.Span, 0);
        read.Span.Clear();
        var cost = new PageCost();

        await FillAsync(new LocalReads(cost), file, 0, read, isOnThreadPool: false);

        Assert.Equal(content.Span, read.Span);
        cost.Learn(1e-5);
        Assert.False(cost.IsPassed());
        cost.Learn(1e-5);
        Assert.True(cost.IsPassed());
    }

    [Theory]
    [InlineData(4096, Bytes - 4096)]
    [InlineData(4097, Bytes - 4097)]
    [InlineData(Bytes - 10, 10)]
    [InlineData(Bytes, 0)]
    [InlineData(Bytes + 5000, 0)]
    public async Task A_file_that_ends_before_the_memory_does_gives_what_there_is(int offset, int expected)
    {
        using var content = Content();
        using var file = WritePastCache(content);
        var cost = new PageCost();
        Learn(cost, 1e-5);

        using var read = OwnedBuffer.Rent(Bytes);
        Assert.Equal(expected, await FillAsync(new LocalReads(cost), file, offset, read, isOnThreadPool: false));

        Assert.Equal(content.Span[Math.Min(offset, Bytes)..], read.Span[..expected]);
    }

    [Fact]
    public void What_the_processor_does_for_a_thread_is_told_and_not_what_it_does_for_another()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is asked.");
        var (before, others) = (ThreadTime.Now, TimeSpan.Zero);
        var other = new Thread(() =>
        {
            var start = ThreadTime.Now;
            _ = SHA256.HashData(new byte[256 * 1024 * 1024]);
            others = ThreadTime.Now - start;
        });
        other.Start();
        other.Join();
        var own = ThreadTime.Now - before;

        Assert.InRange(others.TotalMilliseconds, 20, 60_000);
        Assert.InRange(own, TimeSpan.Zero, others / 2);
    }

    private static void Learn(PageCost cost, double secondsPerPage)
    {
        for (var read = 0; read < 3; read++)
        {
            cost.Learn(secondsPerPage);
        }
    }

    private static Task<int> FillAsync(LocalReads reads, SafeFileHandle file, long offset, OwnedBuffer destination, bool isOnThreadPool)
    {
        var options = isOnThreadPool ? TaskCreationOptions.None : TaskCreationOptions.LongRunning;
        return Task.Factory.StartNew(() => reads.FillAsync(file, offset, destination.Memory, TestContext.Current.CancellationToken).AsTask(), TestContext.Current.CancellationToken, options, TaskScheduler.Default).Unwrap();
    }

    private SafeFileHandle WritePastCache(OwnedBuffer content)
    {
        var file = File.OpenHandle(_folder["file"], FileMode.CreateNew, FileAccess.ReadWrite);
        DirectIo.Write(file, content.Span);
        return file;
    }

    private static OwnedBuffer Content()
    {
        var content = OwnedBuffer.Rent(Bytes);
        new Random(5).NextBytes(content.Span);
        return content;
    }
}
