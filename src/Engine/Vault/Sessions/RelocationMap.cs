using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Where compaction put the chunks of packs. An old pack is read as its new ones only where all of these are on the target: a relocation whose packs are not there is no reason to
/// miss anything. A <em>void</em> one, of a maintainer that was revoked since or stored after its deadline, serves for packs that are gone already, and for nothing else.
/// </summary>
public sealed class RelocationMap
{
    private readonly Dictionary<PackId, List<PackMove>> _moves = [];

    private RelocationMap(IReadOnlyList<StoredRelocation> stored, BackupException? unread)
    {
        Stored = stored;
        Unread = unread;

        // Those that count go first: what a void one says besides is asked only where they lead nowhere.
        foreach (var relocation in stored.OrderBy(static relocation => relocation.IsVoid))
        {
            foreach (var pack in relocation.Relocation.Moves.GroupBy(static move => move.Old, static move => move.New))
            {
                if (!_moves.TryGetValue(pack.Key, out var moves))
                {
                    _moves.Add(pack.Key, moves = []);
                }

                moves.Add(new PackMove([.. pack], relocation.StoredAt, relocation.IsVoid));
            }
        }
    }

    /// <summary>Packs that no writer leans on any more. A void relocation cannot make writers store everything once more.</summary>
    public IEnumerable<PackId> LeftPacks => _moves.Keys.Where(IsLeft);

    internal IReadOnlyList<StoredRelocation> Stored { get; }

    /// <summary>Why one that may be a maintainer's moves nothing; null where all were read.</summary>
    internal BackupException? Unread { get; }

    public bool IsMoved(PackId pack) => _moves.ContainsKey(pack);

    /// <summary>Whether what is needed was moved out of it, by a relocation that counts.</summary>
    internal bool IsLeft(PackId pack) => _moves.TryGetValue(pack, out var moves) && moves.Exists(static move => !move.IsVoid);

    /// <summary>Reads all relocations. What cannot be read, or nobody with the right signed, moves nothing.</summary>
    public static async Task<RelocationMap> LoadAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(ObjectNames.Relocations, static name => ObjectNames.TryParseId(name, ObjectNames.Relocations, out _), cancellationToken);
        BackupException? unread = null;
        var read = await vault.Store.ReadManyAsync(
            stats,
            SignedObject.MaxBytes,
            stored =>
            {
                var relocation = Relocation.Open(stored, vault, out var signer);
                return new StoredRelocation(stored.Name, relocation, stored.StoreTime, signer.IsRevoked || relocation.Deadline?.ToDateTimeOffset() <= stored.StoreTime);
            },
            (name, exception) => unread = Report(vault, name, exception) ? exception : unread,
            cancellationToken);
        return new RelocationMap([.. read.OfType<StoredRelocation>()], unread);
    }

    /// <summary>What stands for each pack, as things are on the target.</summary>
    /// <param name="isPresent">Whether the target has a pack.</param>
    /// <param name="storedBefore">What was stored later leads away from no pack that is there; null for no such limit.</param>
    internal PackWhereabouts On(Func<PackId, bool> isPresent, DateTimeOffset? storedBefore = null) => new(_moves, isPresent, storedBefore ?? DateTimeOffset.MaxValue);

    /// <summary>All packs that took over from one, whichever relocation says so.</summary>
    internal IEnumerable<PackId> SuccessorsOf(PackId pack) => _moves.GetValueOrDefault(pack)?.SelectMany(static move => move.New) ?? [];

    /// <returns>Whether it may be a maintainer's: not where it is gone, since then it has served, and not where somebody else signed it.</returns>
    private static bool Report(UnlockedVault vault, ObjectName name, BackupException exception)
    {
        if (exception is TargetException { Fault: TargetFault.NotFound })
        {
            return false;
        }

        vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{name}' moves nothing: {exception.Message}", exception.Code));
        return exception.Code != FaultCodes.SignerNotEntitled;
    }
}

/// <summary>A relocation on the target.</summary>
internal sealed record StoredRelocation(ObjectName Name, Relocation Relocation, DateTimeOffset StoredAt, bool IsVoid);
