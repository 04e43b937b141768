namespace SecureBackup.Engine.Platform;

/// <summary>The names in one folder in a single block of memory, so that a million of them cost little more than their bytes.</summary>
internal sealed class NameList
{
    private byte[] _bytes = new byte[1024];
    private (int Offset, int Length)[] _places = new (int, int)[32];
    private int _used;

    public int Count { get; private set; }

    /// <summary>When there are more bytes of names, whoever adds may stop.</summary>
    public int MaxBytes { get; init; } = int.MaxValue;

    /// <summary>Whether there may be names that were not added.</summary>
    public bool IsFull => _used > MaxBytes;

    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(_places[index].Offset, _places[index].Length);

    public void Add(ReadOnlySpan<byte> name)
    {
        if (_bytes.Length - _used < name.Length)
        {
            Array.Resize(ref _bytes, Math.Max(checked(_bytes.Length * 2), _used + name.Length));
        }

        if (Count == _places.Length)
        {
            Array.Resize(ref _places, Count * 2);
        }

        name.CopyTo(_bytes.AsSpan(_used));
        _places[Count++] = (_used, name.Length);
        _used += name.Length;
    }

    /// <summary>Sorts by unsigned bytes: the order of paths.</summary>
    public void Sort() => _places.AsSpan(0, Count).Sort((left, right) =>
        _bytes.AsSpan(left.Offset, left.Length).SequenceCompareTo(_bytes.AsSpan(right.Offset, right.Length)));

    /// <summary>After <see cref="Sort"/>.</summary>
    public bool Contains(ReadOnlySpan<byte> name)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = this[middle].SequenceCompareTo(name);
            if (order == 0)
            {
                return true;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }
}
