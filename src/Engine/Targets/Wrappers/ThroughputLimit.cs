namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// Lets bytes pass at a rate: whoever takes some waits until all that was taken so far would have passed. Time in which nobody took anything gives a quarter of a
/// second's bytes in advance and no more, so that a pause is never made up for by a rush.
/// </summary>
internal sealed class ThroughputLimit
{
    private const int StepsPerSecond = 4;

    private readonly Lock _gate = new();
    private readonly long _bytesPerSecond;
    private readonly TimeProvider _time;

    /// <summary>In ticks of the provider's timestamp.</summary>
    private long _freeAt;

    public ThroughputLimit(long bytesPerSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        _bytesPerSecond = bytesPerSecond;
        _time = time;
        _freeAt = time.GetTimestamp();
    }

    /// <summary>As much as should be taken at once, so that the flow is even.</summary>
    public int StepBytes => (int)Math.Clamp(_bytesPerSecond / StepsPerSecond, 1, 1024 * 1024);

    /// <summary>Returns when the bytes may have passed. A cancelled wait has taken them all the same.</summary>
    public Task TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _freeAt = Math.Max(_freeAt, now - (_time.TimestampFrequency / StepsPerSecond));
            _freeAt += (long)((Int128)bytes * _time.TimestampFrequency / _bytesPerSecond);
            wait = _freeAt > now ? _time.GetElapsedTime(now, _freeAt) : TimeSpan.Zero;
        }

        return wait == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(wait, _time, cancellationToken);
    }
}
