using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// Gathers the chunk ids of one content into a <see cref="ContentRef"/>. Lists beyond 64 ids become chunks of ids, cut where the ids
/// say, so that a change in the middle of a large file leaves most of its lists as they are. <c>onList</c> is told the id of every list.
/// </summary>
public sealed class ContentBuilder(IChunkStore store, Action<ChunkId>? onList = null)
{
    private const int MaxIdsInPiece = 4096;

    private const int CutMask = 0x3FF;

    private readonly int _maxIds = Math.Min(MaxIdsInPiece, store.MaxPageBytes / Id256.SizeBytes);
    private readonly List<List<ChunkId>> _levels = [[]];

    public ValueTask AddAsync(ChunkId id, CancellationToken cancellationToken) => AddAsync(0, id, cancellationToken);

    public async ValueTask<ContentRef> FinishAsync(CancellationToken cancellationToken)
    {
        for (var level = 0; ; level++)
        {
            var ids = _levels[level];
            if (level == _levels.Count - 1 && ids.Count <= ContentRef.MaxDirectIds)
            {
                return new ContentRef(level, [.. ids]);
            }

            if (ids.Count > 0)
            {
                await CloseAsync(level, cancellationToken);
            }
        }
    }

    /// <summary>For the next content: one builder for each file was a sixteenth of what a backup of small files allocated.</summary>
    internal void Reset()
    {
        _levels.RemoveRange(1, _levels.Count - 1);
        _levels[0].Clear();
    }

    private static bool IsCut(ChunkId id) => ((int)id.Value.D & CutMask) == 0;

    private async ValueTask AddAsync(int level, ChunkId id, CancellationToken cancellationToken)
    {
        var ids = _levels[level];
        ids.Add(id);
        if (ids.Count >= _maxIds || (ids.Count > ContentRef.MaxDirectIds && IsCut(id)))
        {
            await CloseAsync(level, cancellationToken);
        }
    }

    private async ValueTask CloseAsync(int level, CancellationToken cancellationToken)
    {
        var ids = _levels[level];
        var piece = OwnedBuffer.Rent(ids.Count * Id256.SizeBytes);
        for (var i = 0; i < ids.Count; i++)
        {
            ids[i].Value.CopyTo(piece.Span[(i * Id256.SizeBytes)..]);
        }

        ids.Clear();
        if (level == _levels.Count - 1)
        {
            _levels.Add([]);
        }

        var list = await store.StoreAsync(piece, ChunkClass.Page, cancellationToken);
        onList?.Invoke(list);
        await AddAsync(level + 1, list, cancellationToken);
    }
}
