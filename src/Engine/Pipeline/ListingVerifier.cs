using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Walks a listing and asks for each chunk of each entry whether it has a place in a pack that is sound and in the reference set.</summary>
internal sealed class ListingVerifier(VaultReader vault, ChunkIndex index, ChunkFetcher fetcher, ReferencedPacks packs, VerifyFaults faults) : IChunkFetcher
{
    internal async Task RunAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        await packs.KeepUpAsync(index, cancellationToken);
        var owner = vault.OpenOwnerPart(snapshot);
        var listing = new ListingReader(owner.ListingRoot, this, OnLostPage);
        long entries = 0;
        await foreach (var entry in listing.EntriesAsync(cancellationToken))
        {
            entries++;
            await packs.KeepUpAsync(index, cancellationToken);
            var path = entry.Path.ToString();
            await (entry.Domain.IsVault || entry.Content.Depth == 0
                ? CheckAsync(path, entry.Content, entry.Metadata.SizeBytes, cancellationToken)
                : CheckListsAsync(path, entry.Content, cancellationToken));
            foreach (var side in entry.Streams.Concat(entry.LargeAttributes))
            {
                await CheckAsync(path, side.Content, side.SizeBytes, cancellationToken);
            }
        }

        await CheckAsync("(identity stream)", owner.Identities, snapshot.EntryCount * IdentityCodec.SizeBytes, cancellationToken);
        if (owner.Faults is { } listed)
        {
            await CheckAsync("(list of faults)", listed, sizeBytes: null, cancellationToken);
        }

        if (entries != snapshot.EntryCount && faults.Count == 0)
        {
            faults.Add(new EntryFault(FaultCodes.ListingMalformed, snapshot.Id.ToString(), $"The listing holds {entries} entries; the manifest says {snapshot.EntryCount}."));
        }
    }

    /// <summary>Pages and lists of ids: what is read here must lie in the reference set too, or a collection may take it.</summary>
    public async ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var places = await index.FindAsync(id, cancellationToken);
        return places.Count == 0 || places.Any(place => packs.Has(place.Pack))
            ? await fetcher.FetchAsync(id, cancellationToken)
            : throw new IntegrityException(FaultCodes.ChunkUnreadable, $"The chunk {id} lies only in packs that are missing, or not in the snapshot's reference set.");
    }

    private void OnLostPage(PageReference? page, BackupException damage)
    {
        if (!ChunkFetcher.IsDamage(damage))
        {
            throw damage;
        }

        faults.Add(RestoreCorridor.LostPage(page, damage));
    }

    /// <summary>The lists of a customer's long content open with the customer's key alone, which no check needs; that they stand in sound packs is seen without it.</summary>
    private async ValueTask CheckListsAsync(string path, ContentRef content, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var id in content.Ids)
            {
                await RequireSoundAsync(id, cancellationToken);
            }
        }
        catch (IntegrityException damage)
        {
            faults.Add(EntryFault.Of(path, damage));
        }
    }

    /// <param name="sizeBytes">Null where nothing tells it.</param>
    private async ValueTask CheckAsync(string path, ContentRef content, long? sizeBytes, CancellationToken cancellationToken)
    {
        try
        {
            long length = 0;
            await foreach (var id in ContentReader.ChunksAsync(content, this, cancellationToken))
            {
                length = ContentLength.Add(length, await RequireSoundAsync(id, cancellationToken), sizeBytes ?? FaultListCodec.MaxBytes);
            }

            ContentLength.Require(length, sizeBytes ?? length);
        }
        catch (IntegrityException damage)
        {
            faults.Add(EntryFault.Of(path, damage));
        }
    }

    /// <returns>The chunk's length in bytes.</returns>
    private async ValueTask<int> RequireSoundAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var places = await index.FindAsync(id, cancellationToken);
        if (places.Count == 0)
        {
            throw new IntegrityException(FaultCodes.ChunkMissing, $"Its chunk {id} stands in no index segment.");
        }

        foreach (var place in places)
        {
            if (!faults.BrokenPacks.Contains(place.Pack.Id) && packs.Has(place.Pack))
            {
                return place.Entry.PlainBytes;
            }
        }

        throw new IntegrityException(FaultCodes.ChunkUnreadable, $"Its chunk {id} lies only in packs that are damaged, missing, or not in the snapshot's reference set.");
    }
}
