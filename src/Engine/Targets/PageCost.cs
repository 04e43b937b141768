namespace SecureBackup.Engine.Targets;

/// <summary>
/// What 4 KiB cost the processor that are read by way of the page cache, and whether that is so much that the cache is better passed. Where memory was used before it is 2 µs, with
/// what is read ahead. On a virtual machine a page that was not used for a while costs 9, since the machine's host must find one first (medians of 350 reads). Thread-safe.
/// </summary>
internal sealed class PageCost
{
    /// <summary>Of pages, which are larger on some machines.</summary>
    internal const int PageBytes = 4096;

    private const double DearSeconds = 5e-6;
    private const int ReadsPerTrial = 64;

    private readonly Lock _gate = new();

    /// <summary>Seconds: a mean that forgets a quarter with each read. At first it is what it takes two dear ones to change.</summary>
    private double _mean = DearSeconds / 2;
    private int _passed;

    /// <summary>Whether the next read passes the cache. One now and then does not, since what a page costs changes while the machine runs.</summary>
    internal bool IsPassed()
    {
        lock (_gate)
        {
            return _mean > DearSeconds && ++_passed % ReadsPerTrial != 0;
        }
    }

    /// <summary>However long one read was held up, it alone decides nothing.</summary>
    internal void Learn(double secondsPerPage)
    {
        lock (_gate)
        {
            _mean += (Math.Min(secondsPerPage, 2 * DearSeconds) - _mean) / 4;
        }
    }
}
