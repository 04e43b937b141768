using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Cuts files that stand at the destination as a backup would, and names the pieces: no byte of a file that is right is fetched, and of one that is not only the
/// chunks that it lacks, wherever they moved to in it. What another chunker cut has other pieces and is fetched whole. Thread-safe.
/// </summary>
internal sealed class StandingComparer(IDestination destination, IChunker chunker, ChunkIdKey ids, IChunkFetcher fetcher)
{
    /// <summary>About 80 MB for all files of a batch; a file beyond it (1 TiB) is patched in its first part and fetched in the rest.</summary>
    private const int MaxPieces = 1_000_000;

    private int _pieces;

    /// <summary>Gives back what the pieces of a batch took.</summary>
    internal void Forget() => Interlocked.Exchange(ref _pieces, 0);

    /// <exception cref="IntegrityException">The snapshot's own list of chunks cannot be read.</exception>
    internal async Task<StandingContent> CompareAsync(ListedEntry entry, Preparation preparation, CancellationToken cancellationToken)
    {
        using var standing = destination.OpenStanding(preparation);
        if (standing is null)
        {
            return StandingContent.Unreadable;
        }

        try
        {
            return await CompareAsync(entry, standing, cancellationToken);
        }
        catch (IOException)
        {
            // A disk that does not give a file back is what a restore is for.
            return StandingContent.Unreadable;
        }
    }

    private async Task<StandingContent> CompareAsync(ListedEntry entry, IStandingFile standing, CancellationToken cancellationToken)
    {
        var pieces = new Dictionary<ChunkId, StandingPiece>();
        await using var wanted = ContentReader.ChunksAsync(entry.Content, fetcher, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var isSame = standing.Stamp.SizeBytes == entry.Metadata.SizeBytes && (entry.Streams.Count == 0 || !OperatingSystem.IsWindows());
        using var window = OwnedBuffer.Rent((int)Math.Min(chunker.MaxBytes, Math.Max(1, standing.Stamp.SizeBytes)));
        var (offset, filled, isAtEnd) = (0L, 0, false);
        while (!isAtEnd)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (filled, isAtEnd) = Fill(standing, offset, window, filled);
            var start = 0;
            while (start < filled)
            {
                var length = chunker.NextBoundary(window.Span[start..filled], isAtEnd);
                if (length < 0)
                {
                    break;
                }

                var id = ids.IdOf(DomainId.Vault, window.Span.Slice(start, length));
                isSame = isSame && await wanted.MoveNextAsync() && wanted.Current == id;
                Keep(pieces, id, new StandingPiece(offset + start, length));
                start += length;
            }

            window.Span[start..filled].CopyTo(window.Span);
            (offset, filled) = (offset + start, filled - start);
        }

        return new StandingContent(standing.Stamp, isSame && !await wanted.MoveNextAsync(), pieces);
    }

    private void Keep(Dictionary<ChunkId, StandingPiece> pieces, ChunkId id, StandingPiece piece)
    {
        if (Volatile.Read(ref _pieces) < MaxPieces && pieces.TryAdd(id, piece))
        {
            Interlocked.Increment(ref _pieces);
        }
    }

    /// <summary>A file that grows while it is read ends where it ended when it was opened: it will not match, and what was read of it is true.</summary>
    private static (int Filled, bool IsAtEnd) Fill(IStandingFile standing, long offset, OwnedBuffer window, int filled)
    {
        while (filled < window.LengthBytes)
        {
            var left = standing.Stamp.SizeBytes - offset - filled;
            var count = left <= 0 ? 0 : standing.Read(offset + filled, window.Span[filled..(int)Math.Min(window.LengthBytes, filled + left)]);
            if (count == 0)
            {
                return (filled, true);
            }

            filled += count;
        }

        return (filled, offset + filled >= standing.Stamp.SizeBytes);
    }
}
