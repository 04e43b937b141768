namespace SecureBackup.Engine.Primitives;

/// <summary>
/// Blocks that wait for their next use, since fresh pages cost a fault each. What waits is bounded: the longest unused goes first. Thread-safe.
/// </summary>
internal sealed class PageBlockPool(long maxIdleBytes)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<PageBlock> _idle = [];
    private long _idleBytes;

    internal long IdleBytes
    {
        get
        {
            lock (_gate)
            {
                return _idleBytes;
            }
        }
    }

    /// <summary>A block of at least that length, and less than half as long again; a used one holds zeros only as far as it was wiped.</summary>
    internal PageBlock Rent(int lengthBytes)
    {
        lock (_gate)
        {
            for (var node = _idle.First; node is not null; node = node.Next)
            {
                if (node.Value.LengthBytes >= lengthBytes && node.Value.LengthBytes - lengthBytes < lengthBytes / 2)
                {
                    _idle.Remove(node);
                    _idleBytes -= node.Value.LengthBytes;
                    return node.Value;
                }
            }
        }

        return new PageBlock(Rounded(lengthBytes));
    }

    /// <summary>A block that would push out most others goes at once.</summary>
    internal void Return(PageBlock block)
    {
        if (block.LengthBytes > maxIdleBytes / 2)
        {
            ((IDisposable)block).Dispose();
            return;
        }

        lock (_gate)
        {
            _idle.AddFirst(block);
            _idleBytes += block.LengthBytes;
            while (_idleBytes > maxIdleBytes)
            {
                var oldest = _idle.Last!.Value;
                _idle.RemoveLast();
                _idleBytes -= oldest.LengthBytes;
                ((IDisposable)oldest).Dispose();
            }
        }
    }

    /// <summary>Up to a multiple of an eighth of the power of two below, so that blocks fit again.</summary>
    private static int Rounded(int lengthBytes)
    {
        var step = Math.Max(1, (1 << int.Log2(lengthBytes)) / 8);
        return (int)Math.Min(((long)lengthBytes + step - 1) / step * step, Array.MaxLength);
    }
}
