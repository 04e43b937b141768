using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class ThrottledTargetTests
{
    private static readonly ObjectName Name = new("packs/one");

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1_000, 10_000)]
    [InlineData(1_000_000, 7_000_000)]
    [InlineData(50_000_000_000, int.MaxValue)]
    public void Bytes_pass_at_the_rate_and_not_before(long rate, int bytes)
    {
        var limit = new ThroughputLimit(rate, _time);
        var passed = limit.TakeAsync(bytes, Token);
        var due = TimeSpan.FromSeconds((double)bytes / rate);
        _time.Advance(due * 0.9);
        Assert.False(passed.IsCompleted);
        _time.Advance((due * 0.1) + TimeSpan.FromMilliseconds(2));
        Assert.True(passed.IsCompletedSuccessfully);
    }

    [Fact]
    public void Who_comes_later_waits_for_those_before()
    {
        var limit = new ThroughputLimit(1_000, _time);
        var first = limit.TakeAsync(1_000, Token);
        var second = limit.TakeAsync(1_000, Token);
        _time.Advance(TimeSpan.FromSeconds(1.01));
        Assert.True(first.IsCompleted);
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(second.IsCompleted);
    }

    [Fact]
    public void A_pause_saves_up_a_quarter_of_a_second_and_no_more()
    {
        var limit = new ThroughputLimit(1_000, _time);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.True(limit.TakeAsync(250, Token).IsCompleted);
        Assert.False(limit.TakeAsync(10, Token).IsCompleted);
    }

    [Fact]
    public async Task Puts_and_reads_take_from_one_rate()
    {
        await using var target = new ThrottledTarget(new MemoryTarget(_time), 10_000, _time);
        var put = target.PutAsync(Name, new MemoryStream(new byte[50_000]), PutOptions.Default, Token);
        Assert.Equal(5, await SecondsOfAsync(put), 0.2);
        Assert.Equal(50_000, (await put).LengthBytes);
        var buffer = new byte[30_000];
        Assert.Equal(3, await SecondsOfAsync(target.ReadAsync(Name, 20_000, buffer, Token)), 0.2);
    }

    [Fact]
    public async Task A_wait_is_given_up_at_once()
    {
        await using var target = new ThrottledTarget(new MemoryTarget(_time), 1, _time);
        using var stop = new CancellationTokenSource();
        var put = target.PutAsync(Name, new MemoryStream(new byte[50_000]), PutOptions.Default, stop.Token);
        Assert.False(put.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
        Assert.Null(await target.StatAsync(Name, Token));
    }

    /// <summary>The fake clock runs the waits' continuations itself, so each tick of it is a step of the work.</summary>
    private async Task<double> SecondsOfAsync(Task work)
    {
        var start = _time.GetTimestamp();
        while (!work.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await work;
        return _time.GetElapsedTime(start).TotalSeconds;
    }
}
