using System.Security.Cryptography;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// The buffers in which one worker opens chunk after chunk. They grow to the longest, and are wiped once, when the worker ends, and not
/// after every chunk. Not thread-safe; what was rented may outlive it.
/// </summary>
internal sealed class BufferShelf(PageBlockPool? pool = null) : IDisposable
{
    private const int MinBytes = 256 * 1024;

    private readonly PageBlockPool _pool = pool ?? OwnedBuffer.Blocks;
    private readonly List<PageBlock> _idle = [];
    private int _longest;
    private bool _isClosed;

    internal OwnedBuffer Rent(int lengthBytes)
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

    internal void Return(PageBlock block)
    {
        _idle.Add(block);
        if (_isClosed)
        {
            Clear();
        }
    }

    public void Dispose()
    {
        _isClosed = true;
        Clear();
    }

    private void Clear()
    {
        foreach (var block in _idle)
        {
            CryptographicOperations.ZeroMemory(block.GetSpan()[..Math.Min(block.LengthBytes, _longest)]);
            _pool.Return(block);
        }

        _idle.Clear();
    }
}
