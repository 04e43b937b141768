namespace SecureBackup.Engine.Targets;

/// <summary>
/// What a page costs the processor that is read by way of the page cache, and whether that is so much that the cache is better passed. Where memory was used before it is 2 µs, with
/// what is read ahead. On a virtual machine a page that was not used for a while costs 9, since the machine's host must find one first (medians of 350 reads). Thread-safe.
/// </summary>
internal sealed class PageCost
{
    private const double DearSeconds = 5e-6;
    private const int ReadsPerTrial = 64;

    private readonly Lock _gate = new();

    /// <summary>Seconds: a mean that forgets a quarter with each read, so that one that was held up decides nothing.</summary>
    private double? _mean;
    private int _passed;

    /// <summary>Whether the next read passes the cache. One now and then does not, since what a page costs changes while the machine runs.</summary>
    internal bool IsPassed()
    {
        lock (_gate)
        {
            return _mean > DearSeconds && ++_passed % ReadsPerTrial != 0;
        }
    }

    internal void Learn(double secondsPerPage)
    {
        lock (_gate)
        {
            _mean = _mean is { } before ? before + ((secondsPerPage - before) / 4) : secondsPerPage;
        }
    }
}
