using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// Cuts one content into chunks, stores them and gathers their ids. One writer serves one content after another; a window is
/// as long as the longest chunk, so every full one holds a boundary. A content is cut where it has filled a window from its beginning, and at its end, so that its chunks do not depend on what came
/// before it. Chunks are stored beside the cutting, several at a time; the last of a content, which would be waited for, by whoever cuts.
/// <para>Whoever gives up within a content, whatever failed, calls <see cref="SettleAsync"/>: chunks may still be on their way.</para>
/// </summary>
public sealed class ContentWriter : IDisposable
{
    /// <summary>A window for each, and the one that is read into: 12 MiB for two cores, and no more than 36 for many.</summary>
    private static readonly int MaxUnderway = Math.Min(Environment.ProcessorCount, 8);

    /// <summary>Of a window: what begins has 64 KiB at least, so that a short file is read by one call, and one of the kernel's whole.</summary>
    private const int LeastFreePart = 64;

    private readonly IChunker _chunker;
    private readonly IChunkStore _store;
    private readonly ChunkClass _class;
    private readonly Action<ChunkId>? _onChunk;
    private readonly ContentWindows _windows;
    private readonly Queue<Task<ChunkId>> _underway = new();
    private readonly ContentBuilder _content;
    private SharedBuffer _window;
    private bool _isDisposed;

    /// <summary>What is in the window before this has gone its way as chunks.</summary>
    private int _begin;
    private int _filled;

    /// <param name="onChunk">Told every id of the content, data and lists, in the order of storing; may be null.</param>
    public ContentWriter(IChunker chunker, IChunkStore store, ChunkClass chunkClass, Action<ChunkId>? onChunk)
    {
        _chunker = chunker;
        _store = store;
        _class = chunkClass;
        _onChunk = onChunk;
        _windows = new ContentWindows(chunker.MaxBytes, MaxUnderway + 1);
        _window = _windows.Rent();
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
        if (_filled == _window.Memory.Length)
        {
            if (_begin == 0)
            {
                await CutAsync(isLast: false, cancellationToken);
            }

            await MoveOnAsync(cancellationToken);
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
        await CutAsync(isLast: true, cancellationToken);
        if (_window.Memory.Length - _filled < _window.Memory.Length / LeastFreePart)
        {
            await MoveOnAsync(cancellationToken);
        }

        await AddAsync(leftUnderway: 0, cancellationToken);
        var content = await _content.FinishAsync(cancellationToken);
        Begin();
        return content;
    }

    /// <summary>Drops what was written so far; chunks that were stored stay and harm nobody. One that was claimed and could not be stored would: its failure is thrown here.</summary>
    public async ValueTask ResetAsync()
    {
        while (_underway.TryDequeue(out var chunk))
        {
            await chunk;
        }

        Begin();
    }

    /// <summary>Waits for what is on its way, whatever becomes of it.</summary>
    public async ValueTask SettleAsync()
    {
        while (_underway.TryDequeue(out var chunk))
        {
            await ((Task)chunk).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _window.Release();
            _windows.Dispose();
        }
    }

    private void Begin()
    {
        _filled = _begin;
        LengthBytes = 0;
        _content.Reset();
    }

    /// <summary>Stores every chunk whose end is known.</summary>
    private async ValueTask CutAsync(bool isLast, CancellationToken cancellationToken)
    {
        while (_begin < _filled)
        {
            var length = _chunker.NextBoundary(_window.Memory.Span[_begin.._filled], isLast);
            if (length < 0)
            {
                break;
            }

            var chunk = _window.Part(_begin, length);
            _begin += length;
            await StoreAsync(chunk, isLast && _begin == _filled, cancellationToken);
        }
    }

    /// <summary>Goes on in the next window, with what belongs to no chunk yet.</summary>
    private async ValueTask MoveOnAsync(CancellationToken cancellationToken)
    {
        var next = await _windows.RentAsync(cancellationToken);
        _window.Memory[_begin.._filled].CopyTo(next.Memory);
        _window.Release();
        _window = next;
        (_begin, _filled) = (0, _filled - _begin);
    }

    private async ValueTask StoreAsync(OwnedBuffer chunk, bool isLast, CancellationToken cancellationToken)
    {
        if (isLast && _underway.Count == 0)
        {
            await AddAsync(await _store.StoreAsync(chunk, _class, cancellationToken), cancellationToken);
            return;
        }

        _underway.Enqueue(isLast
            ? _store.StoreAsync(chunk, _class, cancellationToken).AsTask()
            : Task.Factory.StartNew(() => _store.StoreAsync(chunk, _class, cancellationToken).AsTask(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap());
        await AddAsync(isLast ? 0 : MaxUnderway, cancellationToken);
    }

    /// <summary>Takes ids in the order of the chunks, until only so many are on their way.</summary>
    private async ValueTask AddAsync(int leftUnderway, CancellationToken cancellationToken)
    {
        while (_underway.Count > leftUnderway)
        {
            await AddAsync(await _underway.Dequeue(), cancellationToken);
        }
    }

    private ValueTask AddAsync(ChunkId id, CancellationToken cancellationToken)
    {
        _onChunk?.Invoke(id);
        return _content.AddAsync(id, cancellationToken);
    }
}
