using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The reads of a restore, batch for batch as it will make them, so that memory is bounded as its is.</summary>
internal sealed class ForecastReads(ChunkIndex index, ChunkFetcher fetcher, PackInventory inventory)
{
    private readonly HashSet<PackId> _packs = [];
    private readonly List<WantedChunk> _batch = [];
    private HashSet<ChunkId> _ids = [];
    private long _fetched;

    internal long Bytes { get; private set; }

    internal int Packs => _packs.Count;

    /// <summary>Adds what a file needs; the fault that it will have where a chunk is in no pack that is there.</summary>
    internal async ValueTask<EntryFault?> TryAddAsync(ListedEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            long length = 0;
            await foreach (var id in ContentReader.ChunksAsync(entry.Content, fetcher, cancellationToken))
            {
                length = ContentLength.Add(length, await AddAsync(id, cancellationToken), entry.Metadata.SizeBytes);
            }

            foreach (var stream in entry.Streams)
            {
                await foreach (var id in ContentReader.ChunksAsync(stream.Content, fetcher, cancellationToken))
                {
                    await AddAsync(id, cancellationToken);
                }
            }

            return null;
        }
        catch (IntegrityException damage)
        {
            return EntryFault.Of(entry.Path.ToString(), damage);
        }
    }

    internal void Flush()
    {
        foreach (var pack in _batch.GroupBy(static chunk => chunk.Places[0].Pack.Id))
        {
            _packs.Add(pack.Key);
            Bytes += PackRanges.ReadBytes([.. pack.OrderBy(static chunk => chunk.Places[0].Entry.OffsetBytes)]);
        }

        _batch.Clear();
        _fetched = 0;
        _ids = [];
    }

    private async ValueTask<int> AddAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var places = await index.FindAsync(id, cancellationToken);
        var present = places.Where(place => inventory.Has(place.Pack.Id)).ToList();
        if (present.Count == 0)
        {
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
}
