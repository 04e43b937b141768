using System.Runtime.InteropServices;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Which packs the target really has, taken at the start of a run: what the index names and the target lacks is not deduplicated against.
/// Eight bytes a pack (8 MiB for 16 TiB): the first 64 bits of a random id tell it from every other.
/// </summary>
internal sealed class PackInventory
{
    private readonly List<ulong> _ids = [];

    private PackInventory()
    {
    }

    internal int Count => _ids.Count;

    /// <summary>Of all packs together.</summary>
    internal long TotalBytes { get; private set; }

    /// <param name="cold">Told what cannot be read as it lies there; null where nobody asks.</param>
    internal static async Task<PackInventory> TakeAsync(Target target, CancellationToken cancellationToken, ColdPacks? cold = null)
    {
        var inventory = new PackInventory();
        await foreach (var stat in target.ListAsync(ObjectNames.Packs, cancellationToken))
        {
            if (ObjectNames.TryParseId(stat.Name, ObjectNames.Packs, out var id))
            {
                inventory._ids.Add(id.A);
                inventory.TotalBytes += stat.LengthBytes;
                cold?.Note(new PackId(id), stat);
            }
        }

        inventory._ids.Sort();
        return inventory;
    }

    internal bool Has(PackId id) => PlaceOf(id) >= 0;

    /// <summary>Where the pack stands among all, in the order of their ids; negative where it is not there.</summary>
    internal int PlaceOf(PackId id) => CollectionsMarshal.AsSpan(_ids).BinarySearch(id.Value.A);
}
