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

    /// <summary>All that a snapshot needs.</summary>
    public static async Task<ColdPacks> OfSnapshotAsync(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        var cold = new ColdPacks();
        if (vault.Target.Capabilities.ColdStorage)
        {
            await PackInventory.TakeAsync(vault.Target, cancellationToken, cold);
            await cold.NeedAllOfAsync(vault, snapshot, cancellationToken);
        }

        return cold;
    }

    internal IEnumerable<ObjectStat> Stats => _needed.Select(pack => (Name: PackRecord.NameOf(pack), Listed: _listed[pack.Value.A]))
        .Select(static pack => new ObjectStat(pack.Name, pack.Listed.LengthBytes, default) { StorageClass = pack.Listed.StorageClass, Access = pack.Listed.Access });

    internal void Note(PackId pack, ObjectStat stat)
    {
        if (stat.Access != ObjectAccess.Ready)
        {
            _listed[pack.Value.A] = new Listed(stat.LengthBytes, stat.StorageClass, stat.Access);
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

    private readonly record struct Listed(long LengthBytes, string? StorageClass, ObjectAccess Access);
}
