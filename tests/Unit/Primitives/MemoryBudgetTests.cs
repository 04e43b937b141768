using CsCheck;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Primitives;

public sealed class MemoryBudgetTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_free_is_granted_at_once_and_comes_back_once()
    {
        var budget = new MemoryBudget(10);

        var acquire = budget.AcquireAsync(10, Cancel);
        Assert.True(acquire.IsCompletedSuccessfully);
        var lease = await acquire;
        Assert.Equal(10, budget.UsedBytes);
        lease.Dispose();
        lease.Dispose();

        Assert.Equal(0, budget.UsedBytes);
    }

    [Fact]
    public async Task Leases_are_granted_in_the_order_of_asking()
    {
        var budget = new MemoryBudget(10);
        var first = await budget.AcquireAsync(6, Cancel);
        var large = budget.AcquireAsync(8, Cancel).AsTask();
        var small = budget.AcquireAsync(1, Cancel).AsTask();

        Assert.False(large.IsCompleted);
        Assert.False(small.IsCompleted);
        first.Dispose();

        await large;
        await small;
        Assert.Equal(9, budget.UsedBytes);
    }

    [Fact]
    public async Task More_than_the_budget_is_granted_alone()
    {
        var budget = new MemoryBudget(10);
        var small = await budget.AcquireAsync(1, Cancel);
        var giant = budget.AcquireAsync(1000, Cancel).AsTask();
        Assert.False(giant.IsCompleted);

        small.Dispose();
        var lease = await giant;
        var next = budget.AcquireAsync(1, Cancel).AsTask();
        Assert.False(next.IsCompleted);

        lease.Dispose();
        await next;
        Assert.Equal(1, budget.UsedBytes);
    }

    [Fact]
    public async Task A_cancelled_wait_takes_nothing_and_lets_the_next_one_through()
    {
        var budget = new MemoryBudget(10);
        using var source = new CancellationTokenSource();
        using var held = await budget.AcquireAsync(5, Cancel);
        var large = budget.AcquireAsync(10, source.Token).AsTask();
        var small = budget.AcquireAsync(5, Cancel).AsTask();

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal(10, budget.UsedBytes);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => budget.AcquireAsync(0, source.Token).AsTask());
    }

    [Fact]
    public async Task Impossible_sizes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryBudget(0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new MemoryBudget(1).AcquireAsync(-1, Cancel).AsTask());
    }

    [Fact]
    public async Task Whatever_is_asked_and_cancelled_at_once_the_limit_holds_and_everything_comes_back()
    {
        var requests = Gen.Select(Gen.Long[0, 150], Gen.Bool).Array[1, 60];
        await requests.SampleAsync(
            async asked =>
            {
                var budget = new MemoryBudget(100);
                var inFlight = 0L;
                var isExceeded = false;
                await Task.WhenAll(asked.Select(request => Task.Run(async () =>
                {
                    using var source = new CancellationTokenSource();
                    var acquire = budget.AcquireAsync(request.Item1, source.Token).AsTask();
                    if (request.Item2)
                    {
                        await source.CancelAsync();
                    }

                    if (await Record.ExceptionAsync(() => acquire) is null)
                    {
                        var counted = Math.Min(request.Item1, budget.LimitBytes);
                        isExceeded |= Interlocked.Add(ref inFlight, counted) > budget.LimitBytes;
                        await Task.Yield();
                        Interlocked.Add(ref inFlight, -counted);
                        (await acquire).Dispose();
                    }
                })));

                return !isExceeded && budget.UsedBytes == 0;
            },
            iter: 300);
    }
}
