using System.Numerics;
using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Chunks that wait for their place, so that the last ones of a pack can be those that fill it. Each has a copy of its payload, in a buffer that is used again: of what does not compress
/// a quarter waits, and fresh pages for each were 5 % of the processor time. Not thread-safe.
/// </summary>
/// <param name="maxBytes">The chunk that makes them more is the last to come.</param>
internal sealed class WaitingChunks(int maxBytes) : IDisposable
{
    /// <summary>Of ten there are a thousand sets to choose from, which takes a few microseconds.</summary>
    private const int MaxCount = 10;

    private readonly List<WaitingChunk> _chunks = [];

    /// <summary>Half a maximum longer than it, which nearly all fit into. Wiped at the end, as far as it was ever filled: the rest takes no memory.</summary>
    private OwnedBuffer? _space;
    private int _filled;
    private int _mostFilled;

    internal int Count => _chunks.Count;

    internal long LengthBytes => _chunks.Sum(static chunk => (long)chunk.LengthBytes);

    /// <summary>Whether none should be added before some are taken out.</summary>
    internal bool IsFull => _chunks.Count >= MaxCount || LengthBytes > maxBytes;

    internal void Add(in PackableChunk chunk)
    {
        _space ??= OwnedBuffer.RentForSealed(maxBytes / 2 * 3);
        if (chunk.Payload.Length > _space.LengthBytes - _filled)
        {
            MoveTogether(_space.Memory);
        }

        if (chunk.Payload.Length > _space.LengthBytes - _filled)
        {
            _chunks.Add(new WaitingChunk(chunk, OwnedBuffer.CopyOf(chunk.Payload.Span)));
            return;
        }

        var place = _space.Memory.Slice(_filled, chunk.Payload.Length);
        chunk.Payload.CopyTo(place);
        _chunks.Add(new WaitingChunk(chunk, place));
        _filled += place.Length;
        _mostFilled = Math.Max(_mostFilled, _filled);
    }

    /// <summary>Those that together come closest to what a pack takes, in the order in which they came; none where not even one fits.</summary>
    /// <param name="roomFor">How many bytes a number of chunks may have together.</param>
    internal IReadOnlyList<WaitingChunk> Choose(Func<int, int> roomFor)
    {
        int[] room = [.. Enumerable.Range(0, _chunks.Count + 1).Select(roomFor)];
        var (best, bestBytes) = (0, 0L);
        for (var set = 1; set < 1 << _chunks.Count; set++)
        {
            var bytes = BytesOf(set);
            if (bytes >= bestBytes && bytes <= room[BitOperations.PopCount((uint)set)])
            {
                (best, bestBytes) = (set, bytes);
            }
        }

        return [.. _chunks.Where((_, place) => IsIn(best, place))];
    }

    /// <summary>Of what was chosen, when it is where it belongs.</summary>
    internal void Remove(WaitingChunk chunk)
    {
        _chunks.Remove(chunk);
        chunk.Dispose();
        _filled = _chunks.Count == 0 ? 0 : _filled;
    }

    public void Dispose()
    {
        _chunks.ForEach(static chunk => chunk.Dispose());
        _chunks.Clear();
        _filled = 0;
        if (_space is not null)
        {
            CryptographicOperations.ZeroMemory(_space.Span[.._mostFilled]);
            _space.Dispose();
            _space = null;
        }
    }

    /// <summary>They lie in the order in which they came.</summary>
    private void MoveTogether(Memory<byte> space)
    {
        _filled = 0;
        foreach (var chunk in _chunks.Where(static chunk => chunk.IsShared))
        {
            chunk.MoveTo(space.Slice(_filled, chunk.LengthBytes));
            _filled += chunk.LengthBytes;
        }
    }

    private static bool IsIn(int set, int place) => ((set >> place) & 1) == 1;

    private long BytesOf(int set)
    {
        var bytes = 0L;
        for (var place = 0; place < _chunks.Count; place++)
        {
            bytes += IsIn(set, place) ? _chunks[place].LengthBytes : 0;
        }

        return bytes;
    }
}

internal sealed class WaitingChunk : IDisposable
{
    private readonly OwnedBuffer? _own;

    /// <param name="place">Of a buffer that stays somebody else's, with the payload in it.</param>
    internal WaitingChunk(in PackableChunk chunk, Memory<byte> place) => Chunk = chunk with { Payload = place };

    /// <param name="own">With the payload; taken over.</param>
    internal WaitingChunk(in PackableChunk chunk, OwnedBuffer own) => (Chunk, _own) = (chunk with { Payload = own.Memory }, own);

    internal PackableChunk Chunk { get; private set; }

    internal int LengthBytes => Chunk.Payload.Length;

    internal bool IsShared => _own is null;

    internal void MoveTo(Memory<byte> place)
    {
        Chunk.Payload.CopyTo(place);
        Chunk = Chunk with { Payload = place };
    }

    public void Dispose() => _own?.Dispose();
}
