using System.Diagnostics.CodeAnalysis;

namespace SecureBackup.Engine.Index;

/// <summary>
/// Opened pages of all segments, the least recently used forgotten first. Thread-safe. It alone holds pages beyond a lookup, so its
/// bound is the index's, however large the vault.
/// </summary>
public sealed class PageCache
{
    public const long DefaultMaxBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<(IndexSegment Segment, int Page), LinkedListNode<CachedPage>> _pages = [];
    private readonly LinkedList<CachedPage> _byUse = new();
    private long _bytes;

    /// <param name="maxBytes">At least one page of 16 KiB is kept.</param>
    public PageCache(long maxBytes = DefaultMaxBytes)
    {
        MaxBytes = Math.Max(maxBytes, IndexLayout.PageBytes);
    }

    internal long MaxBytes { get; }

    /// <summary>Bytes of pages held now.</summary>
    public long LengthBytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    internal bool TryGet(IndexSegment segment, int page, [NotNullWhen(true)] out byte[]? bytes)
    {
        lock (_gate)
        {
            if (!_pages.TryGetValue((segment, page), out var node))
            {
                bytes = null;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            bytes = node.Value.Bytes;
            return true;
        }
    }

    internal void Add(IndexSegment segment, int page, byte[] bytes)
    {
        lock (_gate)
        {
            if (_pages.ContainsKey((segment, page)))
            {
                return;
            }

            _pages[(segment, page)] = _byUse.AddFirst(new CachedPage(segment, page, bytes));
            _bytes += bytes.Length;
            while (_bytes > MaxBytes && _byUse.Last is { } oldest)
            {
                _bytes -= oldest.Value.Bytes.Length;
                _byUse.RemoveLast();
                _pages.Remove((oldest.Value.Segment, oldest.Value.Page));
            }
        }
    }

    private sealed record CachedPage(IndexSegment Segment, int Page, byte[] Bytes);
}
