using Microsoft.Extensions.Time.Testing;
using SecureBackup.Targets.Http;

namespace SecureBackup.Tests.Unit.Stores;

public sealed class GuardedContentTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _caller = new();
    private readonly StallGuard _guard;

    public GuardedContentTests()
    {
        _guard = new StallGuard(Limit, _time, _caller.Token);
    }

    public void Dispose()
    {
        _guard.Dispose();
        _caller.Dispose();
    }

    /// <summary>Taken for the content's own failure, a line that stalled would end the run as if somebody had cancelled it, and no one would try again.</summary>
    [Fact]
    public async Task A_read_that_begins_after_the_line_has_stalled_is_no_failure_of_the_content()
    {
        var body = _guard.Watch(new MemoryStream([1, 2, 3]));
        _time.Advance(Limit);
        Assert.True(_guard.HasStalled);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await body.ReadExactlyAsync(new byte[3], _guard.Token));

        Assert.Null(body.Failure);
    }

    [Fact]
    public async Task Nor_is_one_that_the_caller_cancelled()
    {
        var body = _guard.Watch(new MemoryStream([1, 2, 3]));
        await _caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await body.ReadExactlyAsync(new byte[3], _guard.Token));

        Assert.Null(body.Failure);
        Assert.False(_guard.HasStalled);
    }

    [Fact]
    public async Task What_the_content_throws_of_itself_is_its_failure()
    {
        using var own = new CancellationTokenSource();
        await own.CancelAsync();
        var cancelled = _guard.Watch(new BrokenStream(new OperationCanceledException(own.Token)));
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await cancelled.ReadExactlyAsync(new byte[3], _guard.Token));
        Assert.IsType<OperationCanceledException>(cancelled.Failure);

        _time.Advance(Limit);
        var torn = _guard.Watch(new BrokenStream(new IOException("The disk is gone.")));
        await Assert.ThrowsAsync<IOException>(async () => await torn.ReadExactlyAsync(new byte[3], _guard.Token));
        Assert.IsType<IOException>(torn.Failure);
        var read = _guard.Watch(new BrokenStream(new IOException("The disk is gone.")));
        Assert.Throws<IOException>(() => read.ReadExactly(new byte[3]));
        Assert.IsType<IOException>(read.Failure);
    }

    [Fact]
    public async Task Time_in_the_content_is_no_stall()
    {
        var body = _guard.Watch(new SlowStream(_time, Limit * 3));

        Assert.Equal(3, await body.ReadAsync(new byte[3], _guard.Token));

        Assert.False(_guard.HasStalled);
        _time.Advance(Limit);
        Assert.True(_guard.HasStalled);
    }

    private sealed class BrokenStream(Exception failure) : MemoryStream([1, 2, 3])
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromException<int>(failure);

        public override int Read(Span<byte> buffer) => throw failure;
    }

    private sealed class SlowStream(FakeTimeProvider time, TimeSpan wait) : MemoryStream([1, 2, 3])
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            time.Advance(wait);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
