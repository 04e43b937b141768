using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Sorted records that wait until the keys of their subjects are stored: keys must be durable before a pack that needs them, and one object
/// of keys for each subject would be a million objects. Bounded; disposing wipes it.
/// </summary>
internal sealed class SubjectBatch : IDisposable
{
    internal const int MaxSubjects = 32_768;

    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly List<(Id256 Key, string? Subject, OwnedBuffer Record)> _items = [];
    private int _subjects;
    private long _bytes;

    internal bool IsFull => _subjects >= MaxSubjects || _bytes >= MaxBytes;

    internal int Count => _items.Count;

    /// <summary>Each record; the subject where its first record stands, as its name is written there, else null.</summary>
    internal IReadOnlyList<(Id256 Key, string? Subject, OwnedBuffer Record)> Items => _items;

    /// <param name="isFirst">Whether no record of this subject came before.</param>
    internal void Add(in SortedItem item, bool isFirst)
    {
        _items.Add((item.Key, isFirst ? item.Subject : null, OwnedBuffer.CopyOf(item.Record.Span)));
        _subjects += isFirst ? 1 : 0;
        _bytes += item.Record.Length;
    }

    internal void Clear()
    {
        _items.ForEach(static item => item.Record.Dispose());
        _items.Clear();
        (_subjects, _bytes) = (0, 0);
    }

    public void Dispose() => Clear();
}
