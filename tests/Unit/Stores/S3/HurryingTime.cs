namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>A clock of its own, on which waiting of up to a few seconds takes no time; what waits longer is a limit, and waits for good.</summary>
internal sealed class HurryingTime : TimeProvider
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private long _ticks = DateTimeOffset.UtcNow.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > LongestWait || dueTime < TimeSpan.Zero)
        {
            return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        Pass(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
