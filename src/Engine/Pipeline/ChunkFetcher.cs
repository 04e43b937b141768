using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Fetches single chunks (pages, id lists) by id, from the first of their places that gives the right bytes. A run that goes on for longer than the grace time may be overtaken by a compaction or a
/// merge: when a place is gone, the index is loaded anew, once in a grace time, before a chunk counts as lost.
/// </summary>
/// <param name="readAheadBytes">Read behind each chunk with it; for whoever wants the whole of a snapshot in order.</param>
internal sealed class ChunkFetcher(VaultReader vault, ChunkIndex index, int readAheadBytes = 0) : IChunkFetcher, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly PackOpener _packs = new(vault) { ReadAheadBytes = readAheadBytes };
    private long? _reloadedAt;

    /// <summary>For whoever judges: what the store may not give out is told as that, and never as lost.</summary>
    internal bool TellsRefusals { get; init; }

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
    internal static bool IsOfOnePlace(BackupException error) => error is not TargetException { IsOfWholePlace: true };

    /// <summary>Whether an error says that something is damaged or gone: what the store does not give out is neither, and nothing was learnt about it.</summary>
    internal static bool IsDamage(BackupException error) => IsOfOnePlace(error) && error is not TargetException { Fault: TargetFault.Cold or TargetFault.AccessDenied };

    /// <summary>Whether an error is about one chunk, so that others go on: it is lost, or lies where it must be warmed before it can be read.</summary>
    internal static bool IsOfOneChunk(BackupException error) => error is IntegrityException or TargetException { Fault: TargetFault.Cold };

    public void Dispose()
    {
        _packs.Dispose();
        _turn.Dispose();
    }

    private async ValueTask<OwnedBuffer?> TryReadAsync(
        IEnumerable<ChunkLocation> places, SubjectDomain? subject, List<BackupException> faults, CancellationToken cancellationToken)
    {
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

        return null;
    }

    private async ValueTask<OwnedBuffer> FetchAloneAsync(ChunkId id, SubjectDomain? subject, CancellationToken cancellationToken)
    {
        try
        {
            return await FetchOnceAsync(id, subject, cancellationToken);
        }
        catch (IntegrityException lost) when (IsPlaceGone(lost) && MayReload())
        {
            _reloadedAt = vault.Vault.Time.GetTimestamp();
            await index.ReloadAsync(cancellationToken);
            return await FetchOnceAsync(id, subject, cancellationToken);
        }
    }

    private static bool IsPlaceGone(IntegrityException lost) => lost.Code == FaultCodes.ChunkMissing || lost.InnerException is TargetException { Fault: TargetFault.NotFound };

    /// <summary>What was there at the last look stays for a grace time: a storage that takes things away costs one look in each.</summary>
    private bool MayReload() => _reloadedAt is not { } last || vault.Vault.Time.GetElapsedTime(last) >= vault.Vault.Register.Policy.GraceTime;

    private async ValueTask<OwnedBuffer> FetchOnceAsync(ChunkId id, SubjectDomain? subject, CancellationToken cancellationToken)
    {
        var places = await index.FindNearestAsync(id, cancellationToken);
        if (places.Count == 0)
        {
            throw new IntegrityException(FaultCodes.ChunkMissing, $"The chunk {id} stands in no index segment.");
        }

        var faults = new List<BackupException>();
        if (await TryReadAsync(places, subject, faults, cancellationToken) is { } near)
        {
            return near;
        }

        var others = (await index.FindAsync(id, cancellationToken)).Where(place => !places.Any(tried => (tried.Pack, tried.Entry) == (place.Pack, place.Entry))).ToList();
        if (await TryReadAsync(others, subject, faults, cancellationToken) is { } far)
        {
            return far;
        }

        if (faults.Find(fault => fault is TargetException { Fault: TargetFault.Cold } || (TellsRefusals && !IsDamage(fault))) is TargetException withheld)
        {
            // Nothing is lost, so that nobody may take it for damage.
            throw new TargetException(withheld.Fault, withheld.Message, withheld) { Remedy = withheld.Remedy };
        }

        places = [.. places, .. others];

        throw new IntegrityException(
            FaultCodes.ChunkUnreadable,
            $"The chunk {id} cannot be read from {places.Count} place(s): {string.Join(" ", faults.Select(fault => fault.Message))}",
            faults.Find(static fault => fault is TargetException { Fault: TargetFault.NotFound }) ?? faults[0]);
    }
}
