using SecureBackup.Engine.Pipeline;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class StageGroupTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_stages_run_and_their_end_is_the_end_of_the_group()
    {
        var ended = 0;
        using var stages = new StageGroup(Token);
        stages.StartBlocking(_ => Interlocked.Increment(ref ended));
        for (var i = 0; i < 10; i++)
        {
            stages.Start(async _ =>
            {
                await Task.Yield();
                Interlocked.Increment(ref ended);
            });
        }

        await stages.WhenAllAsync();
        Assert.Equal(11, ended);
        Assert.False(stages.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_stage_that_gets_no_thread_is_a_stage_that_failed()
    {
        using var stages = new StageGroup(Token);
        stages.Start(token => Task.Delay(Timeout.Infinite, token));

        new Task(() => stages.StartBlocking(static _ => { })).RunSynchronously(new NoThreads());

        Assert.IsType<TaskSchedulerException>(await Record.ExceptionAsync(stages.WhenAllAsync));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_failure_cancels_the_others_and_is_the_error_when_all_have_ended(bool isBlocking)
    {
        var hasEnded = false;
        using var stages = new StageGroup(Token);
        stages.Start(async token =>
        {
            await UntilCancelledAsync(token);
            await Task.Yield();
            hasEnded = true;
            throw new InvalidOperationException("A consequence.");
        });
        stages.Start(token => Task.Delay(Timeout.Infinite, token));
        if (isBlocking)
        {
            stages.StartBlocking(static _ => throw new TimeoutException("The cause."));
        }
        else
        {
            stages.Start(static _ => throw new TimeoutException("The cause."));
        }

        await Assert.ThrowsAsync<TimeoutException>(stages.WhenAllAsync);
        Assert.True(hasEnded, "The group ended before one of its stages.");
    }

    [Fact]
    public async Task The_callers_cancellation_ends_all_stages_and_is_no_failure_of_theirs()
    {
        var ended = 0;
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var stages = new StageGroup(cancellation.Token);
        stages.Start(async token =>
        {
            await UntilCancelledAsync(token);
            ended++;
            token.ThrowIfCancellationRequested();
        });
        await cancellation.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(stages.WhenAllAsync);
        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.Equal(1, ended);
    }

    [Fact]
    public async Task A_cancellation_that_comes_too_late_for_every_stage_is_still_observed()
    {
        using var cancellation = new CancellationTokenSource();
        using var stages = new StageGroup(cancellation.Token);
        stages.Start(_ => cancellation.CancelAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(stages.WhenAllAsync);
    }

    [Fact]
    public async Task A_stage_that_gives_up_by_itself_has_failed()
    {
        using var own = new CancellationTokenSource();
        await own.CancelAsync();
        using var stages = new StageGroup(Token);
        stages.Start(_ => Task.FromCanceled(own.Token));
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(stages.WhenAllAsync);
        Assert.Equal(own.Token, error.CancellationToken);
        Assert.True(stages.Token.IsCancellationRequested, "The other stages were not told.");
    }

    private static async Task UntilCancelledAsync(CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(cancelled.SetResult);
        await cancelled.Task;
    }

    private sealed class NoThreads : TaskScheduler
    {
        protected override void QueueTask(Task task) => throw new InvalidOperationException("The system gives no thread.");

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
