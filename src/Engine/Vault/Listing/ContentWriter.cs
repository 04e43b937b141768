using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// Cuts one content into chunks, stores them and gathers their ids. One writer serves one content after another; its window is
/// as long as the longest chunk, so every full window holds a boundary.
/// </summary>
public sealed class ContentWriter : IDisposable
{
    private readonly IChunker _chunker;
    private readonly IChunkStore _store;
    private readonly ChunkClass _class;
    private readonly Action<ChunkId>? _onChunk;
    private readonly OwnedBuffer _window;
    private ContentBuilder _content;
    private int _filled;

    /// <param name="onChunk">Told every id of the content, data and lists, in the order of storing; may be null.</param>
    public ContentWriter(IChunker chunker, IChunkStore store, ChunkClass chunkClass, Action<ChunkId>? onChunk)
    {
        _chunker = chunker;
        _store = store;
        _class = chunkClass;
        _onChunk = onChunk;
        _window = OwnedBuffer.Rent(chunker.MaxBytes);
        _content = new ContentBuilder(store, onChunk);
    }

    /// <summary>Bytes written to the content so far.</summary>
    public long LengthBytes { get; private set; }

    /// <summary>Where the next bytes may be put directly; never empty.</summary>
    public Memory<byte> Free => _window.Memory[_filled..];

    /// <summary>Says that <paramref name="count"/> bytes were put into <see cref="Free"/>.</summary>
    public async ValueTask AdvanceAsync(int count, CancellationToken cancellationToken)
    {
        _filled += count;
        LengthBytes += count;
        if (_filled == _window.LengthBytes)
        {
            await CutAsync(isLast: false, cancellationToken);
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, Free.Length);
            bytes[..count].CopyTo(Free);
            bytes = bytes[count..];
            await AdvanceAsync(count, cancellationToken);
        }
    }

    /// <summary>Ends the content; the writer is ready for the next one.</summary>
    public async ValueTask<ContentRef> FinishAsync(CancellationToken cancellationToken)
    {
        while (_filled > 0)
        {
            await CutAsync(isLast: true, cancellationToken);
        }

        var content = await _content.FinishAsync(cancellationToken);
        Reset();
        return content;
    }

    /// <summary>Drops what was written so far; chunks that were stored stay and harm nobody.</summary>
    public void Reset()
    {
        _filled = 0;
        LengthBytes = 0;
        _content = new ContentBuilder(_store, _onChunk);
    }

    public void Dispose() => _window.Dispose();

    /// <summary>Stores every chunk whose end is known, and moves the rest to the front.</summary>
    private async ValueTask CutAsync(bool isLast, CancellationToken cancellationToken)
    {
        var start = 0;
        while (start < _filled)
        {
            var length = _chunker.NextBoundary(_window.Span[start.._filled], isLast);
            if (length < 0)
            {
                break;
            }

            var chunk = OwnedBuffer.CopyOf(_window.Span.Slice(start, length));
            start += length;
            var id = await _store.StoreAsync(chunk, _class, cancellationToken);
            _onChunk?.Invoke(id);
            await _content.AddAsync(id, cancellationToken);
        }

        _window.Span[start.._filled].CopyTo(_window.Span);
        _filled -= start;
    }
}
