namespace SecureBackup.Engine.Targets.Wrappers;

/// <param name="MaxRetries">Tries after the first, for each call.</param>
/// <param name="Delay">Before the first retry; doubles each time, jittered.</param>
/// <param name="MaxDelay">No pause is longer, unless the store asks for it.</param>
public sealed record RetryOptions(int MaxRetries, TimeSpan Delay, TimeSpan MaxDelay)
{
    /// <summary>About two minutes of patience: a rebooting switch, a throttled account.</summary>
    public static RetryOptions Default { get; } = new(8, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30));

    /// <summary>From the first try of a call on, without what a bandwidth limit takes; no pause may end after it.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What a store asks for beyond this is not waited.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(5);
}
