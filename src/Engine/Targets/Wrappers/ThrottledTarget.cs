using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// Moves the bytes of objects, both ways together and over all calls at once, at no more than a rate, which may follow the hour. Names, listings and deletions are not
/// counted: they are as nothing beside the data. Stands outside the wrapper that retries, and counts what a retried put sends again; no deadline runs while it waits.
/// While the plan says pause no request begins; one under way ends at the rate of before, since no store waits long for the rest of a body.
/// </summary>
public sealed class ThrottledTarget(Target inner, BandwidthPlan plan, TimeProvider time) : DelegatingTarget(inner)
{
    private readonly ThroughputLimit _limit = new(plan, time);

    public ThrottledTarget(Target inner, long maxBytesPerSecond, TimeProvider time)
        : this(inner, BandwidthPlan.Constant(maxBytesPerSecond), time)
    {
    }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        await _limit.WaitWhilePausedAsync(cancellationToken);
        await using var slowed = new SlowedStream(content, _limit, time);
        return await Inner.PutAsync(name, slowed, options, cancellationToken);
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        ReadInStepsAsync((at, step) => Inner.ReadAsync(name, at, step, cancellationToken), offset, destination, cancellationToken);

    public override Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        ReadInStepsAsync((at, step) => Inner.ReadVersionAsync(name, version, at, step, cancellationToken), offset, destination, cancellationToken);

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        await _limit.WaitWhilePausedAsync(cancellationToken);
        var found = await Inner.TryFetchAsync(name, maxBytes, cancellationToken);
        await _limit.TakeAsync(found?.Bytes?.Length ?? 0, cancellationToken);
        return found;
    }

    private async Task ReadInStepsAsync(Func<long, Memory<byte>, Task> read, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        do
        {
            await _limit.WaitWhilePausedAsync(cancellationToken);
            var step = destination[..Math.Min(destination.Length, _limit.ReadBytes)];
            await read(offset, step);
            await _limit.TakeAsync(step.Length, cancellationToken);
            offset += step.Length;
            destination = destination[step.Length..];
        }
        while (!destination.IsEmpty);
    }
}
