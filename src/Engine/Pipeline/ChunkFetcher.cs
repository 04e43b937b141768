using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Fetches single chunks (pages, id lists) by id, from the first of their places that gives the right bytes.</summary>
/// <param name="readAheadBytes">Read behind each chunk with it; for whoever wants the whole of a snapshot in order.</param>
internal sealed class ChunkFetcher(VaultReader vault, ChunkIndex index, int readAheadBytes = 0) : IChunkFetcher, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly PackOpener _packs = new(vault) { ReadAheadBytes = readAheadBytes };

    public ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken) => FetchAsync(id, subject: null, cancellationToken);

    /// <param name="subject">Whose chunk it is; null for the vault's own.</param>
    internal async ValueTask<OwnedBuffer> FetchAsync(ChunkId id, SubjectDomain? subject, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await FetchAloneAsync(id, subject, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Whether an error is about one place of a chunk, so that the next is tried: whatever was changed there, an epoch or a version in the pack's header too, costs
    /// no more than that pack. A store that does not answer is about all places.
    /// </summary>
    internal static bool IsOfOnePlace(BackupException error) => error is not TargetException { IsTransient: true };

    public void Dispose()
    {
        _packs.Dispose();
        _turn.Dispose();
    }

    private async ValueTask<OwnedBuffer> FetchAloneAsync(ChunkId id, SubjectDomain? subject, CancellationToken cancellationToken)
    {
        var places = await index.FindAsync(id, cancellationToken);
        if (places.Count == 0)
        {
            throw new IntegrityException(FaultCodes.ChunkMissing, $"The chunk {id} stands in no index segment.");
        }

        var faults = new List<BackupException>();
        foreach (var place in places)
        {
            try
            {
                return await _packs.ReadAsync(place.Pack, place.Entry, subject, cancellationToken);
            }
            catch (BackupException error) when (IsOfOnePlace(error))
            {
                faults.Add(error);
            }
        }

        throw new IntegrityException(
            FaultCodes.ChunkUnreadable,
            $"The chunk {id} cannot be read from {places.Count} place(s): {string.Join(" ", faults.Select(fault => fault.Message))}",
            faults[0]);
    }
}
