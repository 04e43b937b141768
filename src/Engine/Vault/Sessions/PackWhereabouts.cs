using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What one relocation says of an old pack.</summary>
/// <param name="New">All that took over from it.</param>
internal sealed record PackMove(IReadOnlyList<PackId> New, DateTimeOffset StoredAt, bool IsVoid);

/// <summary>
/// Which packs stand for one now. Worked out once for all, from the packs that are there backwards: over ten years packs are moved again and again, and whoever followed the ways forward, each by
/// itself, would go twice as many with each year (measured: a collection in the seventh year took thirty times as long as in the first). A way that comes back to itself is never found so.
/// </summary>
internal sealed class PackWhereabouts
{
    private readonly IReadOnlyDictionary<PackId, List<PackMove>> _moves;
    private readonly Func<PackId, bool> _isPresent;
    private readonly Dictionary<PackId, PackMove> _taken = [];

    /// <summary>Old packs of which it is known what stands for them.</summary>
    private readonly HashSet<PackId> _settled;

    /// <param name="moves">Of each old pack, those that count before void ones.</param>
    /// <param name="isPresent">Whether the target has a pack.</param>
    /// <param name="storedBefore">A pack that is there is left only by what was stored before this, by the store's clock.</param>
    internal PackWhereabouts(IReadOnlyDictionary<PackId, List<PackMove>> moves, Func<PackId, bool> isPresent, DateTimeOffset storedBefore)
    {
        (_moves, _isPresent) = (moves, isPresent);
        var present = moves.Keys.Where(isPresent).ToHashSet();
        bool Counts(PackId old, PackMove move) => !move.IsVoid && (!present.Contains(old) || move.StoredAt < storedBefore);
        _settled = [.. present.Where(old => !moves[old].Exists(move => Counts(old, move)))];
        Settle(Counts);

        // What is there and leads nowhere stands for itself, and the void moves are asked for what is gone: first where nothing else speaks of it.
        _settled.UnionWith(present);
        Settle(Counts);
        Settle((old, move) => !move.IsVoid || moves[old].TrueForAll(static other => other.IsVoid));
        Settle(static (_, _) => true);
    }

    internal bool StandsForItself(PackId pack) => !_taken.ContainsKey(pack);

    /// <summary>The pack itself, or those that took over from it, in several steps too; all of them are there then.</summary>
    internal IReadOnlyList<PackId> Resolve(PackId pack)
    {
        if (StandsForItself(pack))
        {
            return [pack];
        }

        var found = new List<PackId>();
        var seen = new HashSet<PackId>();
        var open = new Stack<PackId>([pack]);
        while (open.TryPop(out var next))
        {
            if (!seen.Add(next))
            {
                continue;
            }

            if (_taken.TryGetValue(next, out var move))
            {
                move.New.Reverse().ToList().ForEach(open.Push);
            }
            else
            {
                found.Add(next);
            }
        }

        return found;
    }

    /// <summary>Takes a move once all its new packs are settled, until no further one can be taken.</summary>
    private void Settle(Func<PackId, PackMove, bool> counts)
    {
        var ready = new Queue<Waiting>();
        var waiting = new Dictionary<PackId, List<Waiting>>();
        foreach (var (old, moves) in _moves.Where(pair => !_settled.Contains(pair.Key)))
        {
            foreach (var move in moves.Where(move => counts(old, move)))
            {
                var missing = move.New.Distinct().Where(pack => !IsSettled(pack)).ToList();
                var item = new Waiting(old, move) { Missing = missing.Count };
                if (missing.Count == 0)
                {
                    ready.Enqueue(item);
                }

                foreach (var pack in missing)
                {
                    if (!waiting.TryGetValue(pack, out var others))
                    {
                        waiting.Add(pack, others = []);
                    }

                    others.Add(item);
                }
            }
        }

        while (ready.TryDequeue(out var item))
        {
            if (!_settled.Add(item.Old))
            {
                continue;
            }

            _taken.Add(item.Old, item.Move);
            foreach (var other in waiting.GetValueOrDefault(item.Old) ?? [])
            {
                if (--other.Missing == 0)
                {
                    ready.Enqueue(other);
                }
            }
        }
    }

    private bool IsSettled(PackId pack) => _moves.ContainsKey(pack) ? _settled.Contains(pack) : _isPresent(pack);

    private sealed record Waiting(PackId Old, PackMove Move)
    {
        public int Missing { get; set; }
    }
}
