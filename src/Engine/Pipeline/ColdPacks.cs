using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Of the packs that a plan needs those that lie where nothing is read before it was warmed, as the listing of all packs says: none is asked about alone. A listing
/// that says nothing of copies takes what was warmed for cold; the warming then says that it can be read.
/// </summary>
public sealed class ColdPacks
{
    private readonly Dictionary<ulong, Listed> _listed = [];
    private readonly HashSet<PackId> _needed = [];

    internal ColdPacks()
    {
    }

    public int Count => _needed.Count;

    public long Bytes { get; private set; }

    /// <summary>Of them, those that somebody asked for already.</summary>
    public int Warming { get; private set; }

    /// <summary>What names further packs lies in them itself, so that more may be needed once it can be read.</summary>
    public bool MayBeMore { get; internal set; }

    /// <summary>All that snapshots need; where the vault's own word about one of them is damaged, all that there are.</summary>
    public static async Task<ColdPacks> OfSnapshotsAsync(UnlockedVault vault, IEnumerable<Snapshot> snapshots, CancellationToken cancellationToken)
    {
        var cold = new ColdPacks();
        if (!vault.Target.Capabilities.ColdStorage)
        {
            return cold;
        }

        await PackInventory.TakeAsync(vault.Target, cancellationToken, cold);
        foreach (var snapshot in cold._listed.Count == 0 ? [] : snapshots)
        {
            try
            {
                await cold.NeedAllOfAsync(vault, snapshot, cancellationToken);
            }
            catch (BackupException damage) when (ChunkFetcher.IsDamage(damage))
            {
                cold._listed.Values.ToList().ForEach(listed => cold.Need(listed.Pack));
            }
        }

        return cold;
    }

    internal IEnumerable<ObjectStat> Stats => _needed.Select(pack => (Name: PackRecord.NameOf(pack), Listed: _listed[pack.Value.A]))
        .Select(static pack => new ObjectStat(pack.Name, pack.Listed.LengthBytes, default) { StorageClass = pack.Listed.StorageClass, Access = pack.Listed.Access });

    internal void Note(PackId pack, ObjectStat stat)
    {
        if (stat.Access != ObjectAccess.Ready)
        {
            _listed[pack.Value.A] = new Listed(pack, stat.LengthBytes, stat.StorageClass, stat.Access);
        }
    }

    internal bool Has(PackId pack) => _listed.ContainsKey(pack.Value.A);

    internal void Need(PackId pack)
    {
        if (_listed.TryGetValue(pack.Value.A, out var listed) && _needed.Add(pack))
        {
            Bytes += listed.LengthBytes;
            Warming += listed.Access == ObjectAccess.Warming ? 1 : 0;
        }
    }

    internal async Task NeedAllOfAsync(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        foreach (var pack in await ReferencedPacks.ReadAsync(vault, snapshot, cancellationToken))
        {
            Need(pack);
        }
    }

    private readonly record struct Listed(PackId Pack, long LengthBytes, string? StorageClass, ObjectAccess Access);
}
