using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>From a file to the chunks that it takes: copied where they stand, fetched where they do not.</summary>
internal sealed partial class RestorePlanner
{
    private async ValueTask PlanFileAsync(ListedEntry entry, Preparation preparation, StandingContent standing, CancellationToken cancellationToken)
    {
        IDestinationFile? open;
        try
        {
            open = IsPutAsWhole(entry) ? null : parts.Destination.OpenFile(preparation);
        }
        catch (DestinationFaultException refused)
        {
            parts.Result.AddFailed(preparation.Entry, EntryFault.Of(refused.Fault));
            return;
        }

        var file = new RestoringFile(preparation, open);
        _batch.Files.Add(file);
        try
        {
            await PlanContentAsync(file, entry.Content, entry.Metadata.SizeBytes, standing, cancellationToken);
            foreach (var stream in entry.Streams)
            {
                await PlanStreamAsync(file, stream, cancellationToken);
            }
        }
        catch (IntegrityException damage)
        {
            file.Fail(EntryFault.Of(entry.Path.ToString(), damage));
        }

        fetcher.End(file, cancellationToken);
    }

    /// <summary>One chunk or none: then the temporary is made when the content is here, and no other waits open for its bytes.</summary>
    private static bool IsPutAsWhole(ListedEntry entry) => entry is { Content: { Depth: 0, Ids.Count: <= 1 }, Streams.Count: 0, Metadata.AlternateStreams.Count: 0 };

    private async ValueTask PlanContentAsync(
        RestoringFile file, ContentRef content, long sizeBytes, StandingContent standing, CancellationToken cancellationToken)
    {
        long offset = 0;
        await foreach (var id in ContentReader.ChunksAsync(content, parts.Listing.Fetcher, cancellationToken))
        {
            await MakeRoomAsync(file, cancellationToken);
            if (standing.Pieces.TryGetValue(id, out var piece))
            {
                // First the length, then the use: a list without end must not fill the batch.
                var next = ContentLength.Add(offset, piece.LengthBytes, sizeBytes);
                _batch.Copy(new PieceCopy(file, id, offset, piece));
                offset = next;
            }
            else
            {
                offset = await UseAsync(id, new ChunkUse(file, offset, Stream: null), sizeBytes, cancellationToken);
            }
        }

        ContentLength.Require(offset, sizeBytes);
    }

    private async ValueTask PlanStreamAsync(RestoringFile file, NamedContent stream, CancellationToken cancellationToken)
    {
        long offset = 0;
        var name = new AlternateStream(stream.Name, stream.SizeBytes);
        await foreach (var id in ContentReader.ChunksAsync(stream.Content, parts.Listing.Fetcher, cancellationToken))
        {
            await MakeRoomAsync(file, cancellationToken);
            offset = await UseAsync(id, new ChunkUse(file, offset, name), stream.SizeBytes, cancellationToken);
        }

        ContentLength.Require(offset, stream.SizeBytes);
    }

    /// <returns>Where the next chunk begins.</returns>
    private async ValueTask<long> UseAsync(ChunkId id, ChunkUse use, long sizeBytes, CancellationToken cancellationToken)
    {
        var chunk = _batch.Find(id) ?? await LocateAsync(id, cancellationToken);
        var next = ContentLength.Add(use.Offset, chunk.PlainBytes, sizeBytes);
        _batch.Use(chunk, use);
        return next;
    }

    private ValueTask MakeRoomAsync(RestoringFile file, CancellationToken cancellationToken) =>
        _batch.IsFull ? FetchAsync(cancellationToken, unfinished: file) : ValueTask.CompletedTask;

    private async ValueTask<WantedChunk> LocateAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var places = parts.Index.FindAtHand(id) is { } near ? [near] : await parts.Index.FindNearestAsync(id, cancellationToken);
        if (places.Count == 0)
        {
            throw new IntegrityException(FaultCodes.ChunkMissing, $"Its chunk {id} stands in no index segment.");
        }

        var chunk = new WantedChunk(id, places);
        _batch.Add(chunk);
        return chunk;
    }
}
