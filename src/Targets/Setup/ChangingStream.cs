namespace SecureBackup.Targets.Setup;

/// <summary>A content that is another one after some readings from its beginning, as if it were changed on the way to the store.</summary>
internal sealed class ChangingStream(byte[] first, byte[] then, int steadyReadings) : Stream
{
    private int _readings;
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => first.Length;

    public override long Position
    {
        get => _position;
        set => _position = (int)value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        _readings += _position == 0 ? 1 : 0;
        var rest = (_readings > steadyReadings ? then : first).AsSpan(_position);
        var piece = rest[..Math.Min(rest.Length, buffer.Length)];
        piece.CopyTo(buffer);
        _position += piece.Length;
        return piece.Length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
