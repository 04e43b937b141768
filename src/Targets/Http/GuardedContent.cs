namespace SecureBackup.Targets.Http;

/// <summary>The content of a put while it is sent: seekable, so that it can be read once for its hash and once more on the way; never disposed here.</summary>
internal sealed class GuardedContent(Stream content, StallGuard guard) : Stream
{
    /// <summary>What reading the content threw. Whoever sends it may say something else of it. A read that its sender cancelled says nothing of the content.</summary>
    public Exception? Failure { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => content.Length;

    public override long Position
    {
        get => content.Position;
        set => content.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        guard.Pause();
        try
        {
            return content.Read(buffer);
        }
        catch (Exception exception)
        {
            Failure = exception;
            throw;
        }
        finally
        {
            guard.Moved();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        guard.Pause();
        try
        {
            return await content.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Failure = exception;
            throw;
        }
        finally
        {
            guard.Moved();
        }
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
