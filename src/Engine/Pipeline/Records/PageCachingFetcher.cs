using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Keeps the pages read last: snapshots of one data set share most of theirs. Not thread-safe.</summary>
/// <param name="inner">Taken over.</param>
internal sealed class PageCachingFetcher(ChunkFetcher inner) : IChunkFetcher, IDisposable
{
    private const long MaxBytes = 32 * 1024 * 1024;

    private readonly Dictionary<ChunkId, LinkedListNode<(ChunkId Id, OwnedBuffer Page)>> _known = [];
    private readonly LinkedList<(ChunkId Id, OwnedBuffer Page)> _recent = new();
    private long _bytes;

    public async ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(id, out var node))
        {
            _recent.Remove(node);
            _recent.AddFirst(node);
            return OwnedBuffer.CopyOf(node.Value.Page.Span);
        }

        var page = await inner.FetchAsync(id, cancellationToken);
        _known.Add(id, _recent.AddFirst((id, OwnedBuffer.CopyOf(page.Span))));
        _bytes += page.LengthBytes;
        while (_bytes > MaxBytes && _recent.Last is { } oldest && _recent.Count > 1)
        {
            _recent.RemoveLast();
            _known.Remove(oldest.Value.Id);
            _bytes -= oldest.Value.Page.LengthBytes;
            oldest.Value.Page.Dispose();
        }

        return page;
    }

    public void Dispose()
    {
        foreach (var (_, page) in _recent)
        {
            page.Dispose();
        }

        inner.Dispose();
    }
}
