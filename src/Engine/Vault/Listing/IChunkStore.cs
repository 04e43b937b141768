using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>Which packs a chunk goes to: pages stand apart from data, so that browsing reads few packs.</summary>
public enum ChunkClass
{
    Data,
    Page,
}

/// <summary>Takes plaintext chunks and answers their ids; stores only what is not stored yet. Of a long content it gets several at a time, from any thread.</summary>
public interface IChunkStore
{
    /// <summary>How long lists of chunks and pages of a listing may become: half of a pack, since ids do not compress. Where packs have a megabyte or more, their own limits are lower.</summary>
    int MaxPageBytes => int.MaxValue;

    /// <summary>Takes ownership of <paramref name="plain"/>, and gives it back without waiting for further chunks: who reads them waits for its memory. The chunk counts as needed by the snapshot in the making.</summary>
    ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken);
}

/// <summary>Gives plaintext chunks back, each checked against its id.</summary>
public interface IChunkFetcher
{
    /// <summary>The caller owns the buffer. Throws <see cref="Faults.IntegrityException"/> when no location gives the right bytes.</summary>
    ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken);
}
