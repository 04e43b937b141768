using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// Moves the bytes of objects, both ways together and over all calls at once, at no more than a rate, which may follow the hour. Names, listings and deletions are not
/// counted: they are as nothing beside the data. Stands outside the wrapper that retries, and counts what a retried put sends again; no deadline runs while it waits.
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
        await using var slowed = new SlowedStream(content, _limit);
        return await Inner.PutAsync(name, slowed, options, cancellationToken);
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        ReadInStepsAsync((at, step) => Inner.ReadAsync(name, at, step, cancellationToken), offset, destination, cancellationToken);

    public override Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        ReadInStepsAsync((at, step) => Inner.ReadVersionAsync(name, version, at, step, cancellationToken), offset, destination, cancellationToken);

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var found = await Inner.TryFetchAsync(name, maxBytes, cancellationToken);
        await _limit.TakeAsync(found?.Bytes?.Length ?? 0, cancellationToken);
        return found;
    }

    private async Task ReadInStepsAsync(Func<long, Memory<byte>, Task> read, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        do
        {
            var step = destination[..Math.Min(destination.Length, _limit.ReadBytes)];
            await read(offset, step);
            await _limit.TakeAsync(step.Length, cancellationToken);
            offset += step.Length;
            destination = destination[step.Length..];
        }
        while (!destination.IsEmpty);
    }

    /// <summary>The caller's stream, read no faster than the limit lets it; it stays the caller's.</summary>
    private sealed class SlowedStream(Stream content, ThroughputLimit limit) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => content.CanSeek;

        public override bool CanWrite => false;

        public override long Length => content.Length;

        public override long Position
        {
            get => content.Position;
            set => content.Position = value;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await content.ReadAsync(buffer[..Math.Min(buffer.Length, limit.StepBytes)], cancellationToken);
            await limit.TakeAsync(count, cancellationToken);
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) =>
            ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override long Seek(long offset, SeekOrigin origin) => content.Seek(offset, origin);

        public override void Flush()
        {
            // Nothing is ever written.
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
