using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How manifests hang together: what is missing, and what of a revoked member still counts.</summary>
internal sealed class SnapshotChain
{
    private const int ToldOfOneNumber = 16;

    private readonly RegisterState _register;
    private readonly List<CatalogProblem> _problems;
    private readonly Dictionary<ManifestReference, Snapshot> _present;
    private readonly Dictionary<ManifestReference, RemovedSnapshot> _removed = [];
    private readonly Dictionary<SnapshotId, MissingSnapshot> _missing = [];
    private readonly HashSet<ManifestReference> _stillValid;

    internal SnapshotChain(RegisterState register, IEnumerable<Snapshot> present, IEnumerable<RemovedSnapshot> removed, List<CatalogProblem> problems)
    {
        _register = register;
        _problems = problems;
        _present = present.ToDictionary(static snapshot => snapshot.Reference);
        foreach (var item in removed)
        {
            _removed[item.Manifest] = item;
        }

        _stillValid = AncestorsOfRevocations();
    }

    /// <summary>What is gone without a record, as far as it was asked for.</summary>
    internal IReadOnlyList<MissingSnapshot> Missing => [.. _missing.Values];

    /// <summary>The snapshots that count. Each link that leads nowhere is a problem.</summary>
    internal List<Snapshot> Judge()
    {
        var accepted = new List<Snapshot>();
        foreach (var snapshot in _present.Values)
        {
            if (!Counts(snapshot))
            {
                _problems.Add(new CatalogProblem(
                    FaultCodes.DataSetNotEntitled, $"The snapshot {snapshot.Id} of {_register.Find(snapshot.Writer)?.Name} is left out: that member was revoked, and this snapshot is not among those that stay valid."));
                continue;
            }

            accepted.Add(snapshot);
        }

        // Who follows one in its own writer's chain knows whose it is, and its number.
        foreach (var link in accepted.SelectMany(static snapshot => snapshot.Body.Predecessors.Select(link => new Link(link, snapshot.Id, link == snapshot.Body.Previous ? (snapshot.Writer, snapshot.Sequence - 1) : null)))
            .Concat(_removed.Values.SelectMany(static removed => removed.Predecessors.Select((link, at) => new Link(link, removed.Manifest.Id, at == 0 && removed.Sequence > 0 ? (removed.Writer, removed.Sequence - 1) : null))))
            .OrderByDescending(static link => link.Place is not null)
            .DistinctBy(static link => link.To))
        {
            RequirePresent(link.To, $"snapshot {link.By} follows it", link.Place);
        }

        foreach (var group in accepted.GroupBy(static snapshot => (snapshot.Writer, snapshot.Sequence)).Where(static group => group.DistinctBy(static snapshot => snapshot.Body.Previous).Count() > 1))
        {
            _problems.Add(new CatalogProblem(
                FaultCodes.SequenceRepeated, $"{_register.Find(group.Key.Writer)?.Name} made several snapshots with number {group.Key.Sequence}: {string.Join(", ", group.Take(ToldOfOneNumber).Select(static snapshot => snapshot.Id))}{(group.Count() > ToldOfOneNumber ? ", …" : "")}."));
        }

        return accepted;
    }

    /// <summary>Whether what it is signed with is enough, also where a record says that it was removed.</summary>
    internal bool Counts(Snapshot snapshot) => !_register.Revocations.ContainsKey(snapshot.Writer) || _stillValid.Contains(snapshot.Reference);

    /// <summary>Those of the manifests known before which are gone without a record; each is a problem.</summary>
    internal List<ManifestReference> MissingOf(IEnumerable<ManifestReference> known) =>
        [.. known.Where(reference => !RequirePresent(reference, "this host saw it"))];

    /// <summary>
    /// Snapshots that no other one follows: the newest of each writer, then the second newest of each, and so on. So a stolen key that makes a hundred thousand of them takes nobody's place
    /// where there is room for few.
    /// </summary>
    internal static List<ManifestReference> HeadsOf(List<Snapshot> accepted)
    {
        var followed = accepted.SelectMany(static snapshot => snapshot.Body.Predecessors).ToHashSet();
        return
        [
            .. accepted.Where(snapshot => !followed.Contains(snapshot.Reference))
                .GroupBy(static snapshot => snapshot.Writer)
                .SelectMany(static own => own.OrderByDescending(static snapshot => snapshot.StoreTime).Select(static (snapshot, rank) => (snapshot.Reference, Rank: rank)))
                .OrderBy(static head => head.Rank)
                .Select(static head => head.Reference),
        ];
    }

    private bool RequirePresent(ManifestReference reference, string evidence, (MemberId Writer, ulong Sequence)? place = null)
    {
        if (_present.ContainsKey(reference) || _removed.ContainsKey(reference))
        {
            return true;
        }

        if (_missing.TryAdd(reference.Id, new MissingSnapshot(reference, place?.Writer, place?.Sequence ?? 0)))
        {
            _problems.Add(new CatalogProblem(FaultCodes.SnapshotMissing, $"The snapshot {reference.Id} is missing ({evidence}), and no record says that it was removed."));
        }

        return false;
    }

    /// <summary>The link before, in the same writer's chain: what others named beside their own says nothing about whether it stays valid.</summary>
    private ManifestReference? OwnPredecessorOf(ManifestReference reference)
    {
        if (_present.TryGetValue(reference, out var snapshot))
        {
            return snapshot.Body.Previous;
        }

        return _removed.TryGetValue(reference, out var removed) && removed.Sequence > 0 && removed.Predecessors.Count > 0 ? removed.Predecessors[0] : null;
    }

    private HashSet<ManifestReference> AncestorsOfRevocations()
    {
        var lastValid = _register.Revocations.Values.SelectMany(static revocation => revocation.LastValid).ToHashSet();
        var open = new Stack<ManifestReference>(_present.Keys.Concat(_removed.Keys).Where(reference => lastValid.Contains(reference.Hash)));
        var found = new HashSet<ManifestReference>();
        while (open.TryPop(out var reference))
        {
            if (!found.Add(reference))
            {
                continue;
            }

            if (OwnPredecessorOf(reference) is { } predecessor)
            {
                open.Push(predecessor);
            }
        }

        return found;
    }

    /// <param name="Place">Writer and number of what it leads to; null where it only stands beside the author's own chain.</param>
    private sealed record Link(ManifestReference To, SnapshotId By, (MemberId Writer, ulong Sequence)? Place);
}

/// <summary>
/// Orders snapshots by their writers' signed times: the store's dates are the store's to change, and a copied vault has new ones. A clock
/// that was set back cannot put a snapshot before one that it follows.
/// </summary>
internal static class SnapshotOrder
{
    internal static IEnumerable<Snapshot> NewestFirst(IReadOnlyList<Snapshot> snapshots) => NewestFirst(snapshots, static snapshot => snapshot.EndedAt);

    /// <param name="timeOf">Whose dates count where the chain does not decide.</param>
    internal static IEnumerable<Snapshot> NewestFirst(IReadOnlyList<Snapshot> snapshots, Func<Snapshot, Timestamp> timeOf)
    {
        var byReference = snapshots.ToDictionary(static snapshot => snapshot.Reference);
        var ranks = new Dictionary<ManifestReference, (Timestamp Time, int Depth)>();
        var open = new Stack<Snapshot>(snapshots);
        while (open.TryPeek(out var snapshot))
        {
            if (ranks.ContainsKey(snapshot.Reference))
            {
                // Whoever names it has put it here once more: a thief's snapshots may all name each other.
                open.Pop();
                continue;
            }

            var (time, depth, isNext) = (timeOf(snapshot), 0, true);
            foreach (var reference in snapshot.Body.Predecessors)
            {
                if (ranks.TryGetValue(reference, out var rank))
                {
                    (time, depth) = (rank.Time.CompareTo(time) > 0 ? rank.Time : time, Math.Max(depth, rank.Depth));
                }
                else if (byReference.TryGetValue(reference, out var before))
                {
                    open.Push(before);
                    isNext = false;
                }
            }

            if (isNext)
            {
                open.Pop();
                ranks[snapshot.Reference] = (time, depth + 1);
            }
        }

        return snapshots.OrderByDescending(snapshot => ranks[snapshot.Reference]).ThenByDescending(static snapshot => snapshot.Id.Value);
    }
}
