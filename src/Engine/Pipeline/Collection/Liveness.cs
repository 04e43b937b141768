using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// What the accepted snapshots need: the union of their reference sets, with what compaction moved. Eight bytes a pack; two ids that agree in them keep each other alive, which is safe.
/// Any doubt about what a snapshot needs ends the collection before anything is condemned.
/// </summary>
internal sealed class Liveness
{
    /// <summary>A manifest that is judged and refused is no snapshot; one that cannot be judged may be one, and nothing is judged for good while an entry of the register may be damaged.</summary>
    private static readonly HashSet<FaultCode> Judged = [FaultCodes.DataSetNotEntitled, FaultCodes.SignerNotEntitled, FaultCodes.SequenceRepeated];

    private readonly HashSet<ulong> _packs = [];
    private readonly HashSet<PackId> _moved = [];
    private readonly Dictionary<ObjectId, PageSpan> _pages = [];

    private Liveness()
    {
    }

    internal int PackCount => _packs.Count;

    internal static async Task<Liveness> LoadAsync(UnlockedVault vault, IReadOnlyList<Snapshot> snapshots, LivenessRules rules, CancellationToken cancellationToken)
    {
        var live = new Liveness();
        foreach (var snapshot in snapshots)
        {
            await live.AddAsync(vault, snapshot, rules, cancellationToken);
        }

        return live;
    }

    internal bool Needs(PackId pack) => _packs.Contains(pack.Value.A);

    /// <summary>Whether a snapshot is read with the help of what moved this pack.</summary>
    internal bool NeedsMove(PackId pack) => _moved.Contains(pack);

    internal bool NeedsPage(ObjectId page) => _pages.ContainsKey(page);

    /// <exception cref="VaultException">CollectionStopped.</exception>
    internal static void RequireWhole(UnlockedVault vault, SnapshotCatalog catalog)
    {
        var doubt = catalog.Problems.FirstOrDefault(problem => (!Judged.Contains(problem.Code) || vault.IsObstructed) && !IsOfRecord(problem.Object));
        if (doubt is not null)
        {
            throw new VaultException(FaultCodes.CollectionStopped, $"It is not certain what is needed, so nothing is collected. {doubt.Message}");
        }
    }

    /// <summary>What is said about snapshots makes none needed, and rubbish that somebody puts there stops nothing.</summary>
    private static bool IsOfRecord(ObjectName? name) => name is { Value: var value }
        && (value.StartsWith(ObjectNames.Verifications, StringComparison.Ordinal) || value.StartsWith(ObjectNames.Approvals, StringComparison.Ordinal));

    private async Task AddAsync(UnlockedVault vault, Snapshot snapshot, LivenessRules rules, CancellationToken cancellationToken)
    {
        try
        {
            var count = 0;
            PackId? last = null;
            foreach (var id in snapshot.ReferencePages)
            {
                if (!_pages.TryGetValue(id, out var page))
                {
                    page = await ReadPageAsync(vault, id, rules, cancellationToken);
                    _pages.Add(id, page);
                }

                if (last is { } before && before.CompareTo(page.First) >= 0)
                {
                    throw new IntegrityException(FaultCodes.Malformed, $"The reference set does not ascend in page {id}.");
                }

                last = page.Last;
                count += page.Count;
            }

            if (count != snapshot.PackCount)
            {
                throw new IntegrityException(FaultCodes.Malformed, $"It has {count} packs; its manifest says {snapshot.PackCount}.");
            }
        }
        catch (BackupException fault) when (fault.Code != FaultCodes.CollectionStopped
            && fault is IntegrityException or KeyException or VaultException or TargetException { IsOfWholePlace: false })
        {
            throw new VaultException(
                FaultCodes.ReferenceSetUnreadable, $"The reference set of snapshot {snapshot.Id} ({snapshot.DataSet}) does not open, so it is not known what that snapshot needs, and nothing is collected. {fault.Message}", fault);
        }
    }

    private async Task<PageSpan> ReadPageAsync(UnlockedVault vault, ObjectId id, LivenessRules rules, CancellationToken cancellationToken)
    {
        PackId? first = null;
        PackId last = default;
        var count = 0;
        await foreach (var pack in ReferenceSet.ReadAsync(vault, [id], cancellationToken))
        {
            first ??= pack;
            last = pack;
            count++;
            RequireWhereabouts(pack, rules);
            Add(pack, rules);
        }

        return new PageSpan(count, first!.Value, last);
    }

    /// <summary>
    /// All packs that a reference to one keeps alive: those that took over from it, whichever relocation says so; itself until it was moved long enough ago that nobody reads by an older index.
    /// </summary>
    private void Add(PackId pack, LivenessRules rules)
    {
        var open = new Stack<PackId>([pack]);
        while (open.TryPop(out var next))
        {
            if (rules.Relocations.IsMoved(next) && !_moved.Add(next))
            {
                continue;
            }

            if (rules.Settled.StandsForItself(next))
            {
                _packs.Add(next.Value.A);
            }

            foreach (var successor in rules.Relocations.SuccessorsOf(next))
            {
                open.Push(successor);
            }
        }
    }

    /// <summary>A pack that is lost keeps nothing alive. One whose relocation cannot be read may have been moved: what took over from it looks like waste, and is all that there is.</summary>
    private static void RequireWhereabouts(PackId pack, LivenessRules rules)
    {
        if (rules.Relocations.Unread is { } unread && !rules.Now.Resolve(pack).All(rules.IsPresent))
        {
            throw new VaultException(
                FaultCodes.CollectionStopped, $"The pack {pack} is gone, and a relocation that may say where its chunks are does not open, so nothing is collected. {unread.Message}", unread);
        }
    }

    private readonly record struct PageSpan(int Count, PackId First, PackId Last);
}

/// <param name="SettledBefore">A relocation stored before this has been known to every reader that is at work.</param>
internal sealed record LivenessRules(RelocationMap Relocations, Func<PackId, bool> IsPresent, DateTimeOffset SettledBefore)
{
    /// <summary>What is read for a pack today.</summary>
    internal PackWhereabouts Now { get; } = Relocations.On(IsPresent);

    /// <summary>The same for readers that know only what is settled.</summary>
    internal PackWhereabouts Settled { get; } = Relocations.On(IsPresent, SettledBefore);
}
