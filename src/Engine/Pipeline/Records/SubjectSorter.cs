using System.Buffers.Binary;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Brings records of one subject together: an external sort by key, those of one key in the order of their coming. Memory holds one run; the others lie sealed
/// on disk and are merged, at most <see cref="MaxFanIn"/> at a time.
/// </summary>
internal sealed class SubjectSorter : IDisposable
{
    internal const int MaxFanIn = 64;

    private const int DefaultRunBytes = 32 * 1024 * 1024;

    private readonly string _folder;
    private readonly int _runBytes;
    private readonly List<SortedItem> _items = [];
    private readonly List<List<SortedRun>> _levels = [[]];
    private OwnedBuffer? _arena;
    private int _filled;

    /// <param name="runBytes">Of records that are sorted in memory.</param>
    internal SubjectSorter(string folder, int runBytes = DefaultRunBytes)
    {
        _folder = folder;
        _runBytes = runBytes;
    }

    /// <summary>Runs that went to disk so far.</summary>
    internal int SpilledRuns { get; private set; }

    /// <param name="key">What is sorted by: the subject's pseudonym.</param>
    internal void Add(Id256 key, in SpooledRecord record)
    {
        var subject = System.Text.Encoding.UTF8.GetByteCount(record.Subject);
        var length = subject + record.Record.Length;
        if (_items.Count > 0 && _filled + length > _arena!.LengthBytes)
        {
            Spill();
        }

        if (_arena is null || _arena.LengthBytes < length)
        {
            _arena?.Dispose();
            _arena = OwnedBuffer.Rent(Math.Max(_runBytes, length));
        }

        var place = _arena.Memory.Slice(_filled, length);
        System.Text.Encoding.UTF8.GetBytes(record.Subject, place.Span);
        record.Record.CopyTo(place[subject..]);
        _filled += length;
        _items.Add(new SortedItem(key, record.Number, subject, place));
    }

    /// <summary>Everything in order; each item is valid until the next. To be asked for once, when all is added.</summary>
    internal IEnumerable<SortedItem> Sorted()
    {
        _items.Sort();
        if (SpilledRuns == 0)
        {
            return _items;
        }

        if (_items.Count > 0)
        {
            Spill();
        }

        _arena?.Dispose();
        _arena = null;
        while (_levels.Sum(static level => level.Count) > MaxFanIn)
        {
            // The shortest runs first: what is merged twice is little.
            var level = _levels.First(static level => level.Count > 0);
            MergeLevel(_levels.IndexOf(level));
        }

        return Merge([.. _levels.SelectMany(static level => level)]);
    }

    public void Dispose()
    {
        _arena?.Dispose();
        foreach (var run in _levels.SelectMany(static level => level))
        {
            run.Dispose();
        }
    }

    private void Spill()
    {
        _items.Sort();
        Keep(0, _items);
        _items.Clear();
        _filled = 0;
        SpilledRuns++;
        for (var level = 0; _levels[level].Count >= MaxFanIn; level++)
        {
            MergeLevel(level);
        }
    }

    private void MergeLevel(int level)
    {
        var runs = _levels[level];
        Keep(level + 1, Merge(runs));
        runs.ForEach(static run => run.Dispose());
        runs.Clear();
    }

    private void Keep(int level, IEnumerable<SortedItem> items)
    {
        if (level == _levels.Count)
        {
            _levels.Add([]);
        }

        var run = new SortedRun(_folder);
        _levels[level].Add(run);
        foreach (var item in items)
        {
            run.Write(item);
        }

        run.Finish();
    }

    private static IEnumerable<SortedItem> Merge(List<SortedRun> runs)
    {
        var next = new PriorityQueue<SortedRun, SortedItem>(runs.Count);
        foreach (var run in runs)
        {
            run.Rewind();
            if (run.TryRead(out var first))
            {
                next.Enqueue(run, first);
            }
        }

        while (next.TryPeek(out var run, out var item))
        {
            yield return item;
            if (run.TryRead(out var following))
            {
                next.DequeueEnqueue(run, following);
            }
            else
            {
                next.Dequeue();
            }
        }
    }
}

/// <summary>A record with what it is sorted by.</summary>
/// <param name="Bytes">The subject's name in UTF-8, then the record.</param>
internal readonly record struct SortedItem(Id256 Key, long Number, int SubjectBytes, ReadOnlyMemory<byte> Bytes) : IComparable<SortedItem>
{
    internal string Subject => System.Text.Encoding.UTF8.GetString(Bytes.Span[..SubjectBytes]);

    internal ReadOnlyMemory<byte> Record => Bytes[SubjectBytes..];

    public int CompareTo(SortedItem other)
    {
        var order = Key.CompareTo(other.Key);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }
}

/// <summary>Sorted items in a file: key ‖ number i64 ‖ length of the name i32 ‖ length i32 ‖ bytes.</summary>
internal sealed class SortedRun(string folder) : IDisposable
{
    private const int HeadBytes = Id256.SizeBytes + sizeof(long) + (2 * sizeof(int));

    private readonly SpillFile _file = new(folder);
    private readonly byte[] _head = new byte[HeadBytes];
    private GrowingBuffer? _buffer;

    internal void Write(in SortedItem item)
    {
        item.Key.CopyTo(_head);
        BinaryPrimitives.WriteInt64LittleEndian(_head.AsSpan(Id256.SizeBytes), item.Number);
        BinaryPrimitives.WriteInt32LittleEndian(_head.AsSpan(Id256.SizeBytes + sizeof(long)), item.SubjectBytes);
        BinaryPrimitives.WriteInt32LittleEndian(_head.AsSpan(HeadBytes - sizeof(int)), item.Bytes.Length);
        _file.Write(_head);
        _file.Write(item.Bytes.Span);
    }

    /// <summary>Ends the writing, so that a run that waits holds no buffer.</summary>
    internal void Finish() => _file.Finish();

    internal void Rewind()
    {
        _buffer ??= new GrowingBuffer();
        _file.Rewind();
    }

    internal bool TryRead(out SortedItem item)
    {
        item = default;
        if (!_file.TryRead(_head))
        {
            return false;
        }

        var bytes = _buffer!.Take(BinaryPrimitives.ReadInt32LittleEndian(_head.AsSpan(HeadBytes - sizeof(int))));
        _file.Read(bytes.Span);
        item = new SortedItem(
            Id256.Read(_head.AsSpan(0, Id256.SizeBytes)),
            BinaryPrimitives.ReadInt64LittleEndian(_head.AsSpan(Id256.SizeBytes)),
            BinaryPrimitives.ReadInt32LittleEndian(_head.AsSpan(Id256.SizeBytes + sizeof(long))),
            bytes);
        return true;
    }

    public void Dispose()
    {
        _buffer?.Dispose();
        _file.Dispose();
    }
}
