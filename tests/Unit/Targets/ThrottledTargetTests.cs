using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Unit.Crash;

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

    [Fact]
    public async Task In_a_pause_no_request_begins_that_moves_bytes()
    {
        await using var store = new MemoryTarget(_time);
        store.Replace(Name, new byte[100]);
        await using var target = new ThrottledTarget(store, OfficePause(null), _time);
        AdvanceTo("08:00:00");

        var put = target.PutAsync(new ObjectName("packs/two"), new MemoryStream(new byte[100]), PutOptions.Default, Token);
        var read = target.ReadAsync(Name, 0, new byte[100], Token);
        var fetch = target.TryFetchAsync(Name, 100, Token);
        AdvanceTo("17:59:59");
        Assert.NotNull(await target.StatAsync(Name, Token));
        Assert.Equal((0, 0), (target.Meter.Sample().Puts, target.Meter.Sample().Gets));
        Assert.All<Task>([put, read, fetch], static call => Assert.False(call.IsCompleted));

        AdvanceTo("18:00:00");
        await Task.WhenAll(put, read, fetch).WaitAsync(TimeSpan.FromSeconds(20), Token);
        Assert.Equal(100, (await put).LengthBytes);
    }

    /// <summary>The next change is not the one that came between two looks at the clock.</summary>
    [Fact]
    public void A_pause_that_ends_while_it_is_looked_at_is_no_wait_until_the_next_change()
    {
        var plan = OfficePause(null);
        AdvanceTo("17:59:59");
        var limit = new ThroughputLimit(plan, _time);
        _time.AutoAdvanceAmount = TimeSpan.FromSeconds(2);
        var wait = limit.WaitWhilePausedAsync(Token);
        _time.AutoAdvanceAmount = TimeSpan.Zero;
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(wait.IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(10_000L, 5)]
    [InlineData(null, 0)]
    public async Task A_put_under_way_when_a_pause_begins_ends_at_the_rate_of_before_and_the_next_one_waits(long? rate, double seconds)
    {
        await using var target = new ThrottledTarget(new MemoryTarget(_time), OfficePause(rate), _time);
        AdvanceTo("07:59:59");
        var content = new GatedStream(50_000);
        var put = target.PutAsync(Name, content, PutOptions.Default, Token);
        AdvanceTo("08:00:00");
        content.Open();

        Assert.Equal(seconds, await SecondsOfAsync(put), 0.3);
        Assert.Equal(50_000, (await put).LengthBytes);
        var next = target.PutAsync(new ObjectName("packs/two"), new MemoryStream(new byte[1]), PutOptions.Default, Token);
        Assert.False(next.IsCompleted);
        AdvanceTo("18:00:00");
        await next.WaitAsync(TimeSpan.FromSeconds(20), Token);
    }

    [Fact]
    public async Task A_wait_for_the_end_of_a_pause_is_given_up_at_once()
    {
        await using var target = new ThrottledTarget(new MemoryTarget(_time), OfficePause(null), _time);
        AdvanceTo("08:00:00");
        using var stop = new CancellationTokenSource();
        var put = target.PutAsync(Name, new MemoryStream(new byte[1]), PutOptions.Default, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put.WaitAsync(TimeSpan.FromSeconds(20), Token));
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    public async Task What_the_limits_take_is_in_no_deadline(int limits, int tries)
    {
        var faulty = new FaultTarget(new MemoryTarget(_time), new FaultPlan(1, FaultFlavour.NotPersisted, IsDeadAfterwards: true));
        var options = new RetryOptions(tries - 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)) { Deadline = TimeSpan.FromMinutes(1) };
        Target target = new RetryTarget(new ReadsFirst(faulty), options, _time);
        for (var i = 0; i < limits; i++)
        {
            target = new ThrottledTarget(target, 1_000, _time);
        }

        // Two minutes a try.
        var put = target.PutAsync(Name, new MemoryStream(new byte[120_000]), PutOptions.Default, Token);
        await Assert.ThrowsAsync<TargetException>(() => SecondsOfAsync(put));

        Assert.Equal(tries, faulty.OperationCount);
    }

    private BandwidthPlan OfficePause(long? rate)
    {
        _time.SetLocalTimeZone(TimeZoneInfo.Utc);
        return BandwidthPlan.Parse(["08:00-18:00 pause"], rate);
    }

    private void AdvanceTo(string timeOfDay) => _time.SetUtcNow(_time.GetUtcNow() - _time.GetUtcNow().TimeOfDay + TimeSpan.Parse(timeOfDay, CultureInfo.InvariantCulture));

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

    /// <summary>Holds its bytes back until it is opened, and then goes on at once: the fake clock waits for nobody.</summary>
    private sealed class GatedStream(int bytes) : MemoryStream(new byte[bytes])
    {
        private readonly TaskCompletionSource _open = new();

        public void Open() => _open.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _open.Task;
            return Read(buffer.Span);
        }
    }

    /// <summary>A store that takes the whole body before it answers.</summary>
    private sealed class ReadsFirst(Target inner) : DelegatingTarget(inner)
    {
        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            await content.CopyToAsync(Stream.Null, cancellationToken);
            return await base.PutAsync(name, content, options, cancellationToken);
        }
    }
}
