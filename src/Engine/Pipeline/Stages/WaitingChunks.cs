using System.Numerics;
using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Chunks that wait for their place, so that the last ones of a pack can be those that fill it. Each has a copy of its payload, in a buffer that is used again when all have gone: of what does not compress
/// a quarter waits, and fresh pages for each were 5 % of the processor time. Not thread-safe.
/// </summary>
/// <param name="maxBytes">The chunk that makes them more is the last to come.</param>
internal sealed class WaitingChunks(int maxBytes) : IDisposable
{
    /// <summary>Of ten there are a thousand sets to choose from, which takes a few microseconds.</summary>
    private const int MaxCount = 10;

    private readonly List<WaitingChunk> _chunks = [];

    /// <summary>Half a maximum longer than it, which most last ones fit into. Wiped at the end, as far as it was ever filled: the rest takes no memory.</summary>
    private SharedBuffer? _space;
    private int _filled;
    private int _mostFilled;

    internal int Count => _chunks.Count;

    internal long LengthBytes => _chunks.Sum(static chunk => (long)chunk.LengthBytes);

    /// <summary>Whether none should be added before some are taken out.</summary>
    internal bool IsFull => _chunks.Count >= MaxCount || LengthBytes > maxBytes;

    internal void Add(in PackableChunk chunk)
    {
        var payload = CopyOf(chunk.Payload.Span);
        _chunks.Add(new WaitingChunk(chunk with { Payload = payload.Memory }, payload));
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
    }

    public void Dispose()
    {
        _chunks.ForEach(static chunk => chunk.Dispose());
        _chunks.Clear();
        if (_space is not null)
        {
            CryptographicOperations.ZeroMemory(_space.Memory.Span[.._mostFilled]);
            _space.Release();
            _space = null;
        }
    }

    private OwnedBuffer CopyOf(ReadOnlySpan<byte> payload)
    {
        _filled = _chunks.Count == 0 ? 0 : _filled;
        _space ??= new SharedBuffer(OwnedBuffer.RentForSealed(maxBytes / 2 * 3), static () => { });
        if (payload.Length > _space.Memory.Length - _filled)
        {
            return OwnedBuffer.CopyOf(payload);
        }

        payload.CopyTo(_space.Memory.Span[_filled..]);
        var part = _space.Part(_filled, payload.Length);
        _filled += payload.Length;
        _mostFilled = Math.Max(_mostFilled, _filled);
        return part;
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

/// <param name="payload">What the chunk's payload lies in; taken over.</param>
internal sealed class WaitingChunk(PackableChunk chunk, OwnedBuffer payload) : IDisposable
{
    internal PackableChunk Chunk => chunk;

    internal int LengthBytes => payload.LengthBytes;

    public void Dispose() => payload.Dispose();
}
