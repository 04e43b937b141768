namespace SecureBackup.Engine.Targets;

/// <summary>The view of a put's content that <see cref="PutContent.AsStream"/> gives; the content stays its owner's.</summary>
internal sealed class PutContentStream(PutContent content) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => content.LengthBytes;

    public override long Position
    {
        get => _position;
        set
        {
            content.Rewind(value);
            _position = value;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || (_position >= Length && Length > 0))
        {
            return 0;
        }

        var count = await content.ReadAsync(buffer[..Wanted(buffer.Length)], cancellationToken);
        return Took(count, IsAtEnd(count) && await content.ReadAsync(new byte[1], cancellationToken) > 0);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || (_position >= Length && Length > 0))
        {
            return 0;
        }

        var count = content.Read(buffer[..Wanted(buffer.Length)]);
        return Took(count, IsAtEnd(count) && content.Read(stackalloc byte[1]) > 0);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Wanted(int length) => (int)Math.Min(length, Length - _position);

    private bool IsAtEnd(int count) => _position + count == Length;

    private int Took(int count, bool goesOn)
    {
        if (goesOn || (count == 0 && _position < Length))
        {
            throw content.WrongLength(goesOn ? Length + 1 : _position);
        }

        _position += count;
        return count;
    }
}
