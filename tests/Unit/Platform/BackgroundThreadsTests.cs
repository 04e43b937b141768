using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Tests.Unit.Platform;

public sealed class BackgroundThreadsTests
{
    private const int NiceField = 18;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_work_and_what_it_awaits_stay_behind_all_other_threads()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The kernel tells a thread's nice value here.");
        var seen = new List<int>();
        await new RunLimits { IsInBackground = true }.RunAsync(async () =>
        {
            seen.Add(Nice());
            await Task.Yield();
            seen.Add(Nice());
            using var stages = new StageGroup(Token);
            stages.Start(_ =>
            {
                seen.Add(Nice());
                return Task.CompletedTask;
            });
            stages.StartBlocking(_ => seen.Add(Nice()));
            await stages.WhenAllAsync();
            seen.Add(Nice());
        });
        Assert.Equal([19, 19, 19, 19, 19], seen);
        Assert.NotEqual(19, await Task.Run(Nice, Token));
    }

    [Fact]
    public async Task No_more_runs_at_once_than_there_are_threads()
    {
        using var threads = new BackgroundThreads(2);
        var (running, most) = (0, 0);
        var tasks = Enumerable.Range(0, 50).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var now = Interlocked.Increment(ref running);
                Interlocked.Exchange(ref most, Math.Max(most, now));
                Thread.SpinWait(1000);
                Interlocked.Decrement(ref running);
            },
            Token,
            TaskCreationOptions.None,
            threads));
        await Task.WhenAll(tasks);
        Assert.InRange(most, 1, 2);
    }

    /// <summary>Each loop queues a helper and waits for it; with both threads in a loop nobody else could begin one.</summary>
    [Fact]
    public async Task Loops_on_all_threads_at_once_end()
    {
        var threads = new BackgroundThreads(2);
        using var both = new Barrier(2);
        var sum = 0;
        var loops = Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () => Parallel.For(
                0,
                100,
                new ParallelOptions { TaskScheduler = threads, CancellationToken = Token },
                i =>
                {
                    if (i == 0)
                    {
                        both.SignalAndWait(Token);
                    }

                    Interlocked.Add(ref sum, i);
                }),
            Token,
            TaskCreationOptions.None,
            threads));
        await Task.WhenAll(loops).WaitAsync(TimeSpan.FromMinutes(1), Token);
        Assert.Equal(2 * 4950, sum);

        // Not where it fails: that would wait for the loops.
        threads.Dispose();
    }

    [Fact]
    public async Task One_thread_is_enough_for_stages_that_wait_for_each_other()
    {
        using var threads = new BackgroundThreads(1);
        var channel = System.Threading.Channels.Channel.CreateBounded<int>(1);
        var sum = await Task.Factory.StartNew(
            async () =>
            {
                var total = 0;
                using var stages = new StageGroup(Token);
                stages.StartBlocking(token =>
                {
                    for (var i = 1; i <= 100; i++)
                    {
                        channel.Writer.WriteAsync(i, token).AsTask().GetAwaiter().GetResult();
                    }

                    channel.Writer.Complete();
                });
                stages.Start(async token =>
                {
                    await foreach (var number in channel.Reader.ReadAllAsync(token))
                    {
                        total += number;
                    }
                });
                await stages.WhenAllAsync();
                return total;
            },
            Token,
            TaskCreationOptions.None,
            threads).Unwrap();
        Assert.Equal(5050, sum);
    }

    [Fact]
    public async Task What_fails_in_the_background_fails_the_run()
    {
        var limits = new RunLimits { IsInBackground = true };
        await Assert.ThrowsAsync<InvalidDataException>(() => limits.RunAsync(() => throw new InvalidDataException()));
    }

    private static int Nice()
    {
        var fields = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(fields[(fields.LastIndexOf(')') + 2)..].Split(' ')[NiceField - 2], System.Globalization.CultureInfo.InvariantCulture);
    }
}
