using System.Collections.Concurrent;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The packs that a snapshot says it needs, as the index knows them. Thread-safe once they are loaded.</summary>
internal sealed class ReferencedPacks : IDisposable
{
    private readonly UnlockedVault _vault;
    private readonly ConcurrentDictionary<PackId, PackRecord> _records = [];
    private readonly ConcurrentDictionary<PackId, IReadOnlyList<PackRecord>> _successors = [];
    private readonly SemaphoreSlim _looking = new(1);
    private readonly VerifyFaults _faults;
    private long _lookedAtTicks;
    private bool _isLost;

    private ReferencedPacks(UnlockedVault vault, VerifyFaults faults)
    {
        _vault = vault;
        _faults = faults;
        _lookedAtTicks = vault.Time.GetUtcNow().UtcTicks;
    }

    /// <summary>Packs in the set, with what compaction moved, whether or not the index knows them.</summary>
    internal int Count { get; private set; }

    internal IReadOnlyCollection<PackRecord> Records => [.. _records.Values];

    internal static async Task<ReferencedPacks> LoadAsync(UnlockedVault vault, AskedPacks asked, ChunkIndex index, VerifyFaults faults, CancellationToken cancellationToken)
    {
        var packs = new ReferencedPacks(vault, faults);
        var named = await MovedAsync(vault, await packs.TryNameAsync(asked.Named), await asked.Relocations, cancellationToken);
        await packs.LocateAsync(named, index, asked.Listing, cancellationToken);
        return packs;
    }

    /// <summary>
    /// Whether this is the pack that was looked at: the same id in the mouth of another writer is another pack, and nothing was proven about
    /// it. Always, where the set itself is lost: that is a fault of its own.
    /// </summary>
    internal bool Has(PackRecord pack) => _isLost || (_records.TryGetValue(pack.Id, out var record) && record.Writer == pack.Writer);

    /// <summary>The pack, or what compaction moved it to meanwhile.</summary>
    internal IReadOnlyList<PackRecord> Current(PackRecord pack) => _successors.TryGetValue(pack.Id, out var successors) ? successors : [pack];

    /// <summary>To be called before each read of a long check. What compaction or a merge replaces stays for a grace time, so a look twice in it misses nothing that is still to be read.</summary>
    internal async ValueTask KeepUpAsync(ChunkIndex index, CancellationToken cancellationToken)
    {
        if (!IsLookDue())
        {
            return;
        }

        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (IsLookDue())
            {
                var now = _vault.Time.GetUtcNow().UtcTicks;
                await LookAgainAsync(index, cancellationToken);
                Volatile.Write(ref _lookedAtTicks, now);
            }
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose() => _looking.Dispose();

    private async Task LocateAsync(IReadOnlyList<PackId> named, ChunkIndex index, ListingAhead listing, CancellationToken cancellationToken)
    {
        Count = named.Count;
        var unknown = await FindAsync(named, index, cancellationToken);
        var absent = await AbsentAsync(listing.ReadAsync());
        if (unknown.Count > 0 || absent.Count > 0)
        {
            // What was asked for at once may be from before a compaction and from after it: once more, the index and then the packs, before anything is called missing.
            await index.ReloadAsync(cancellationToken);
            unknown = [.. (await FindAsync([.. unknown, .. absent], index, cancellationToken)).Except(absent)];
            absent = await AbsentAsync(_vault.Target.ListAsync(ObjectNames.Packs, cancellationToken));
        }

        await KeepUpAsync(index, cancellationToken);
        foreach (var pack in unknown)
        {
            _faults.AddPack(pack, FaultCodes.PackMissing, $"The snapshot needs pack {pack}, which stands in no index segment.");
        }

        foreach (var pack in absent.Where(pack => !_successors.ContainsKey(pack)))
        {
            _faults.AddPack(pack, FaultCodes.PackMissing, $"Pack {pack} is not on the target with its {_records[pack].LengthBytes} bytes.");
        }
    }

    /// <returns>Those that stand in no segment.</returns>
    private async Task<IReadOnlyList<PackId>> FindAsync(IReadOnlyList<PackId> packs, ChunkIndex index, CancellationToken cancellationToken)
    {
        var unknown = new List<PackId>();
        foreach (var pack in packs)
        {
            if (await index.FindPackAsync(pack, cancellationToken) is { } record)
            {
                _records[pack] = record;
            }
            else
            {
                unknown.Add(pack);
            }
        }

        return unknown;
    }

    /// <summary>One listing of the target instead of a question for each pack.</summary>
    private async Task<HashSet<PackId>> AbsentAsync(IAsyncEnumerable<ObjectStat> listing)
    {
        var absent = _records.Keys.ToHashSet();
        await foreach (var stat in listing)
        {
            if (ObjectNames.TryParseId(stat.Name, ObjectNames.Packs, out var id)
                && _records.TryGetValue(new PackId(id), out var record) && record.LengthBytes == stat.LengthBytes)
            {
                absent.Remove(record.Id);
            }
        }

        return absent;
    }

    private bool IsLookDue()
    {
        var age = TimeSpan.FromTicks(_vault.Time.GetUtcNow().UtcTicks - Volatile.Read(ref _lookedAtTicks));
        return age < TimeSpan.Zero || age >= _vault.Register.Policy.GraceTime / 2;
    }

    private async Task LookAgainAsync(ChunkIndex index, CancellationToken cancellationToken)
    {
        var relocations = await RelocationMap.LoadAsync(_vault, cancellationToken);
        var moved = _records.Keys.Where(relocations.IsMoved).ToList();
        await index.ReloadAsync(cancellationToken);
        if (moved.Count == 0)
        {
            return;
        }

        var inventory = await PackInventory.TakeAsync(_vault.Target, cancellationToken);
        var whereabouts = relocations.On(inventory.Has);
        foreach (var pack in moved)
        {
            var successors = new List<PackRecord>();
            foreach (var id in whereabouts.Resolve(pack))
            {
                if (_records.TryGetValue(id, out var record) || ((record = await index.FindPackAsync(id, cancellationToken)) is not null && _records.TryAdd(id, record)))
                {
                    successors.Add(record);
                }
            }

            _successors[pack] = successors;
        }
    }

    /// <summary>What a snapshot needs now, without asking the index about any of it.</summary>
    internal static async Task<IReadOnlyList<PackId>> ReadAsync(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        var named = await ReferenceSet.ReadAllAsync(vault, snapshot, cancellationToken);
        return await MovedAsync(vault, named, await RelocationMap.LoadAsync(vault, cancellationToken), cancellationToken);
    }

    /// <summary>What the set is read as: packs that were compacted are the packs that took over from them.</summary>
    private static async Task<IReadOnlyList<PackId>> MovedAsync(UnlockedVault vault, IReadOnlyList<PackId> named, RelocationMap relocations, CancellationToken cancellationToken)
    {
        if (!named.Any(relocations.IsMoved))
        {
            return named;
        }

        var inventory = await PackInventory.TakeAsync(vault.Target, cancellationToken);
        return [.. named.SelectMany(relocations.On(inventory.Has).Resolve).Distinct()];
    }

    private async Task<IReadOnlyList<PackId>> TryNameAsync(Task<IReadOnlyList<PackId>> reading)
    {
        try
        {
            return await reading;
        }
        catch (BackupException damage) when (ChunkFetcher.IsDamage(damage))
        {
            _isLost = true;
            _faults.Add(EntryFault.Of("(reference set)", damage));
            return [];
        }
    }
}
