namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A put's content that does something when a byte is reached, lies about its length, and knows whether it was disposed.</summary>
internal sealed class ProbeStream(byte[] bytes) : MemoryStream(bytes, writable: false)
{
    public int LengthError { get; init; }

    public long AtByte { get; init; } = long.MaxValue;

    public Action Action { get; init; } = () => { };

    public bool IsDisposed { get; private set; }

    public override long Length => base.Length + LengthError;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= AtByte)
        {
            Action();
        }

        // Not more than the announced point at once, so that it is reached exactly; the token is the target's to observe.
        var count = (int)Math.Min(buffer.Length, AtByte > Position ? AtByte - Position : long.MaxValue);
        return ValueTask.FromResult(Read(buffer.Span[..count]));
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
