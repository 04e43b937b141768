namespace SecureBackup.Targets.Http;

/// <summary>
/// Ends a try in which no byte has moved for a while. Time inside the caller's own stream does not count: a bandwidth limit may
/// let that wait for as long as it likes.
/// </summary>
internal sealed class StallGuard : IDisposable
{
    private readonly TimeSpan _limit;
    private readonly CancellationToken _outer;
    private readonly CancellationTokenSource _stalled;
    private readonly CancellationTokenSource _either;

    public StallGuard(TimeSpan limit, TimeProvider time, CancellationToken outer)
    {
        _limit = limit;
        _outer = outer;
        _stalled = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(outer, _stalled.Token);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>The guard ended the try, and not the caller.</summary>
    public bool HasStalled => _stalled.IsCancellationRequested && !_outer.IsCancellationRequested;

    /// <summary>What is read from <paramref name="content"/> moves; the guard waits while it is being read.</summary>
    public GuardedContent Watch(Stream content) => new GuardedContent(content, this);

    public void Moved() => _stalled.CancelAfter(_limit);

    public void Pause() => _stalled.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _either.Dispose();
        _stalled.Dispose();
    }
}
