namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// Lets bytes pass at the rate of a plan: whoever takes some waits until all that was taken so far would have passed. Time in which nobody took anything gives a quarter
/// of a second's bytes in advance and no more, so that a pause is never made up for by a rush. A change of the rate holds for those who wait, too. A pause of the plan is
/// for <see cref="WaitWhilePausedAsync"/>, before a request; what is taken all the same passes at the last rate before it.
/// </summary>
internal sealed class ThroughputLimit(BandwidthPlan plan, TimeProvider time)
{
    private const double AdvanceSeconds = 0.25;

    /// <summary>Less than a byte: what is left over by rounding.</summary>
    private const double Nothing = 1e-6;

    private readonly Lock _gate = new();
    private double _taken;
    private double _passed;
    private long _seenAt = time.GetTimestamp();

    /// <summary>In force since then: waits end where it changes. The last one that was not 0; null for no limit.</summary>
    private long? _rate = plan.RateAt(time.GetLocalNow()) is { } rate and > 0 ? rate : null;
    private bool _isPaused;

    public ThroughputLimit(long bytesPerSecond, TimeProvider time)
        : this(BandwidthPlan.Constant(bytesPerSecond), time)
    {
    }

    /// <summary>As much of a stream as should be taken at once, so that the flow is even.</summary>
    public int StepBytes => BytesOf(AdvanceSeconds, 1, 1024 * 1024);

    /// <summary>As much as should be read at once: each read is a request.</summary>
    public int ReadBytes => BytesOf(2, 256 * 1024, 16 * 1024 * 1024);

    /// <summary>Returns when the bytes may have passed. A cancelled wait has taken them all the same.</summary>
    public async Task TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        double mine;
        lock (_gate)
        {
            Advance();
            mine = _taken += bytes;
        }

        while (WaitFor(mine) is { } wait)
        {
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    /// <summary>Returns when the plan lets bytes pass.</summary>
    public async Task WaitWhilePausedAsync(CancellationToken cancellationToken)
    {
        while (PauseLeft() is { } wait)
        {
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private TimeSpan? PauseLeft()
    {
        lock (_gate)
        {
            var now = Advance();
            return _isPaused ? UntilChange(now) : null;
        }
    }

    private int BytesOf(double seconds, int least, int most)
    {
        lock (_gate)
        {
            Advance();
            return _rate is { } rate ? (int)Math.Clamp(rate * seconds, least, most) : most;
        }
    }

    /// <summary>Null where it has passed.</summary>
    private TimeSpan? WaitFor(double mine)
    {
        lock (_gate)
        {
            var now = Advance();
            if (_rate is null || mine - _passed <= Nothing)
            {
                return null;
            }

            var untilChange = UntilChange(now);
            var milliseconds = Math.Ceiling((mine - _passed) / _rate.Value * 1000);
            return milliseconds < untilChange.TotalMilliseconds ? TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue)) : untilChange;
        }
    }

    private TimeSpan UntilChange(DateTimeOffset now) => plan.NextChange(now) is var change && change < DateTimeOffset.MaxValue ? change - now : TimeSpan.MaxValue;

    /// <returns>The time by which the rate was looked up. Who asks for the next change by a later one misses a change in between, and waits for the one after it.</returns>
    private DateTimeOffset Advance()
    {
        var (now, ticks) = (time.GetLocalNow(), time.GetTimestamp());
        var elapsed = time.GetElapsedTime(_seenAt, ticks).TotalSeconds;
        _seenAt = ticks;
        _passed = _rate is { } bytes ? Math.Min(_passed + (bytes * elapsed), _taken + (bytes * AdvanceSeconds)) : Math.Max(_passed, _taken);
        var rate = plan.RateAt(now);
        _isPaused = rate is 0;
        _rate = _isPaused ? _rate : rate;
        return now;
    }
}
