namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>The caller's stream, read no faster than the limit lets it; it stays the caller's.</summary>
internal sealed class SlowedStream(Stream content, ThroughputLimit limit, TimeProvider time) : Stream
{
    private long _waited;

    /// <summary>How long readers were held up, by all limits that the content goes through.</summary>
    internal TimeSpan Waited => new TimeSpan(Interlocked.Read(ref _waited)) + ((content as SlowedStream)?.Waited ?? TimeSpan.Zero);

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
        var began = time.GetTimestamp();
        try
        {
            await limit.TakeAsync(count, cancellationToken);
        }
        finally
        {
            Interlocked.Add(ref _waited, time.GetElapsedTime(began).Ticks);
        }

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
