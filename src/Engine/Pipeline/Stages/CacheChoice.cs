namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Whether the next pack goes to a near disk past this machine's page cache or by way of it. Past it a pack costs the processor a tenth, but comes from the device when it is read back, for which a slow
/// one takes as long as for writing. So it passes the cache as long as nobody waits for the disk; and while somebody does, if that was the faster way. The slower is tried now and then. Thread-safe.
/// </summary>
internal sealed class CacheChoice
{
    private const int PacksPerTrial = 32;

    private readonly Lock _gate = new();

    /// <summary>Seconds for a byte, stored or read back, whichever takes longer: a mean that forgets half with each pack.</summary>
    private double? _past;
    private double? _through;
    private int _waitedFor;

    /// <param name="isWaitedFor">Whether a pack was ready before the disk was.</param>
    internal bool IsPassed(bool isWaitedFor)
    {
        lock (_gate)
        {
            if (!isWaitedFor || _past is null)
            {
                return true;
            }

            var isPastFaster = _through is { } through && _past <= through;
            return ++_waitedFor % PacksPerTrial == 0 ? !isPastFaster : isPastFaster;
        }
    }

    internal void Learn(bool pastCache, double secondsPerByte)
    {
        lock (_gate)
        {
            ref var mean = ref pastCache ? ref _past : ref _through;
            mean = mean is { } before ? (before + secondsPerByte) / 2 : secondsPerByte;
        }
    }
}
