using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>Walks a <see cref="ContentRef"/> down to its data chunks.</summary>
public static class ContentReader
{
    /// <summary>The ids of the content's data chunks in order. Lists are fetched as the walk reaches them.</summary>
    public static IAsyncEnumerable<ChunkId> ChunksAsync(ContentRef content, IChunkFetcher fetcher, CancellationToken cancellationToken) =>
        WalkAsync(content, fetcher, withLists: false, cancellationToken);

    /// <summary>Every chunk that the content needs, lists of ids included.</summary>
    public static IAsyncEnumerable<ChunkId> AllChunksAsync(ContentRef content, IChunkFetcher fetcher, CancellationToken cancellationToken) =>
        WalkAsync(content, fetcher, withLists: true, cancellationToken);

    /// <summary>The whole content, refused beyond <paramref name="maxBytes"/>.</summary>
    public static async Task<byte[]> ReadAllAsync(ContentRef content, IChunkFetcher fetcher, int maxBytes, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await foreach (var id in ChunksAsync(content, fetcher, cancellationToken))
        {
            using var chunk = await fetcher.FetchAsync(id, cancellationToken);
            if (chunk.LengthBytes == 0 || bytes.Length + chunk.LengthBytes > maxBytes)
            {
                throw new IntegrityException(FaultCodes.ListingMalformed, $"A content that may have {maxBytes} bytes is longer, or has an empty chunk.");
            }

            bytes.Write(chunk.Span);
        }

        return bytes.ToArray();
    }

    private static async IAsyncEnumerable<ChunkId> WalkAsync(
        ContentRef content, IChunkFetcher fetcher, bool withLists, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var id in content.Ids)
        {
            if (content.Depth == 0)
            {
                yield return id;
                continue;
            }

            if (withLists)
            {
                yield return id;
            }

            var below = await ReadListAsync(content.Depth - 1, id, fetcher, cancellationToken);
            await foreach (var inner in WalkAsync(below, fetcher, withLists, cancellationToken))
            {
                yield return inner;
            }
        }
    }

    internal static async ValueTask<ContentRef> ReadListAsync(int depth, ChunkId id, IChunkFetcher fetcher, CancellationToken cancellationToken)
    {
        using var piece = await fetcher.FetchAsync(id, cancellationToken);
        if (piece.LengthBytes == 0 || piece.LengthBytes % Id256.SizeBytes != 0)
        {
            throw new IntegrityException(FaultCodes.ListingMalformed, $"The chunk {id} should hold chunk ids and does not.");
        }

        var ids = new ChunkId[piece.LengthBytes / Id256.SizeBytes];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = new ChunkId(Id256.Read(piece.Span.Slice(i * Id256.SizeBytes, Id256.SizeBytes)));
        }

        return new ContentRef(depth, ids);
    }
}
