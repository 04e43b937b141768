using System.Security.Cryptography;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// Buffers of one purpose that are used again and again: those in which a worker opens chunk after chunk, or those of a run's packs. They grow to the longest, and are wiped once, at the end,
/// and not after every use. Thread-safe; what was rented may outlive it.
/// </summary>
/// <param name="isSealed">They hold bytes as they lie on a target, which nobody else may not see: not wiped at all.</param>
internal sealed class BufferShelf(PageBlockPool? pool = null, bool isSealed = false) : IDisposable
{
    private const int MinBytes = 256 * 1024;

    private readonly PageBlockPool _pool = pool ?? OwnedBuffer.Blocks;
    private readonly Lock _gate = new();
    private readonly List<PageBlock> _idle = [];
    private int _longest;
    private bool _isClosed;

    internal OwnedBuffer Rent(int lengthBytes)
    {
        lock (_gate)
        {
            _longest = Math.Max(_longest, lengthBytes);
            var at = _idle.FindIndex(block => block.LengthBytes >= lengthBytes);
            if (at < 0)
            {
                Clear();
                return new OwnedBuffer(lengthBytes, _pool.Rent(Math.Max(MinBytes, lengthBytes)), this);
            }

            var block = _idle[at];
            _idle.RemoveAt(at);
            return new OwnedBuffer(lengthBytes, block, this);
        }
    }

    /// <summary>Gives back what nobody uses at the moment: little more will be asked for.</summary>
    internal void Trim()
    {
        lock (_gate)
        {
            Clear();
        }
    }

    internal void Return(PageBlock block)
    {
        lock (_gate)
        {
            _idle.Add(block);
            if (_isClosed)
            {
                Clear();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            Clear();
        }
    }

    private void Clear()
    {
        foreach (var block in _idle)
        {
            CryptographicOperations.ZeroMemory(block.GetSpan()[..(isSealed ? 0 : Math.Min(block.LengthBytes, _longest))]);
            _pool.Return(block);
        }

        _idle.Clear();
    }
}
