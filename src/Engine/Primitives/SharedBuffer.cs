namespace SecureBackup.Engine.Primitives;

/// <summary>A buffer that goes back when nobody holds it any more: neither whoever made it nor the owner of any part of it. Thread-safe.</summary>
/// <param name="whole">Taken over.</param>
/// <param name="freed">Called once, when it has gone back.</param>
internal sealed class SharedBuffer(OwnedBuffer whole, Action freed)
{
    private int _holders = 1;

    internal Memory<byte> Memory { get; } = whole.Memory;

    /// <summary>A part that keeps the whole until it is disposed. Parts do not overlap, since each has its owner.</summary>
    internal OwnedBuffer Part(int start, int lengthBytes)
    {
        var part = new OwnedBuffer(Memory.Slice(start, lengthBytes), this);
        Interlocked.Increment(ref _holders);
        return part;
    }

    /// <summary>Once by whoever made it, and by each part as it is disposed.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            whole.Dispose();
            freed();
        }
    }
}
