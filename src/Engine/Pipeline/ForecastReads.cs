using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// The reads of a restore, batch for batch as it will make them, so that memory is bounded as its is. It fetches what names them, and notes where that is cold: a pack
/// that was refused once is not asked for again.
/// </summary>
internal sealed class ForecastReads(ChunkIndex index, ChunkFetcher fetcher, PackInventory inventory, ColdPacks cold) : IChunkFetcher
{
    private readonly Dictionary<PackId, TargetException> _refused = [];
    private readonly HashSet<PackId> _packs = [];
    private readonly List<WantedChunk> _batch = [];
    private HashSet<ChunkId> _ids = [];
    private long _fetched;

    internal long Bytes { get; private set; }

    internal int Packs => _packs.Count;

    public async ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken)
    {
        if (_refused.Count > 0 && await PresentAsync(id, cancellationToken) is [var known, ..] && _refused.TryGetValue(known.Pack.Id, out var before))
        {
            throw new TargetException(TargetFault.Cold, before.Message, before) { Remedy = before.Remedy };
        }

        try
        {
            return await fetcher.FetchAsync(id, cancellationToken);
        }
        catch (TargetException refusal) when (refusal.Fault == TargetFault.Cold)
        {
            cold.MayBeMore = true;
            if (await PresentAsync(id, cancellationToken) is [var nearest, ..])
            {
                _refused.TryAdd(nearest.Pack.Id, refusal);
                cold.Need(nearest.Pack.Id);
            }

            throw;
        }
    }

    /// <summary>Adds what an entry needs; the fault that it will have where a chunk is in no pack that is there, or cannot be looked for.</summary>
    /// <param name="isWritten">Its content is, and not its attributes alone.</param>
    internal async ValueTask<EntryFault?> TryAddAsync(ListedEntry entry, bool isWritten, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var attribute in entry.LargeAttributes)
            {
                await AddAsync(attribute.Content, attribute.SizeBytes, cancellationToken);
            }

            if (isWritten)
            {
                await AddAsync(entry.Content, entry.Metadata.SizeBytes, cancellationToken);
                foreach (var stream in entry.Streams)
                {
                    await AddAsync(stream.Content, stream.SizeBytes, cancellationToken);
                }
            }

            return null;
        }
        catch (BackupException damage) when (ChunkFetcher.IsOfOneChunk(damage))
        {
            return EntryFault.Of(entry.Path.ToString(), damage);
        }
    }

    internal void Flush()
    {
        foreach (var pack in _batch.GroupBy(static chunk => chunk.Places[0].Pack.Id))
        {
            _packs.Add(pack.Key);
            cold.Need(pack.Key);
            Bytes += PackRanges.ReadBytes([.. pack.OrderBy(static chunk => chunk.Places[0].Entry.OffsetBytes)]);
        }

        _batch.Clear();
        _fetched = 0;
        _ids = [];
    }

    private async ValueTask AddAsync(ContentRef content, long sizeBytes, CancellationToken cancellationToken)
    {
        long length = 0;
        await foreach (var id in ContentReader.ChunksAsync(content, this, cancellationToken))
        {
            length = ContentLength.Add(length, await AddAsync(id, cancellationToken), sizeBytes);
        }
    }

    private async ValueTask<int> AddAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var present = await PresentAsync(id, cancellationToken);
        if (present.Count == 0)
        {
            var places = await index.FindAsync(id, cancellationToken);
            throw new IntegrityException(
                places.Count == 0 ? FaultCodes.ChunkMissing : FaultCodes.PackMissing,
                places.Count == 0 ? $"Its chunk {id} stands in no index segment." : $"Its chunk {id} lies in pack {places[0].Pack.Id}, which is not on the target.");
        }

        if (_ids.Add(id))
        {
            _batch.Add(new WantedChunk(id, present));
            _fetched += present[0].Entry.PlainBytes;
            if (_batch.Count >= RestoreBatch.MaxUses || _fetched >= RestoreBatch.MaxFetchedBytes)
            {
                Flush();
            }
        }

        return present[0].Entry.PlainBytes;
    }

    /// <summary>Where it lies, first where it can be read.</summary>
    private async ValueTask<List<ChunkLocation>> PresentAsync(ChunkId id, CancellationToken cancellationToken) =>
        [.. (await index.FindAsync(id, cancellationToken)).Where(place => inventory.Has(place.Pack.Id)).OrderBy(place => cold.Has(place.Pack.Id))];
}
