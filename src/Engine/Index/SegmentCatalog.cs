using System.Collections.Concurrent;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Index;

/// <summary>
/// The segments of a vault that count: listed, opened, the replaced ones dropped. What does not open, is signed by nobody who may, or
/// replaces what is not its own becomes a problem, and everything else goes on. Owns the segments.
/// </summary>
public sealed class SegmentCatalog : IDisposable
{
    private const int Readers = 8;
    private const int MaxWave = 256;

    private readonly Target _target;
    private readonly IndexAccess _access;
    private readonly PageCache _cache;
    private Queue<ObjectStat> _unopened;
    private readonly List<IndexSegment> _opened = [];
    private readonly List<IndexProblem> _problems = [];
    private int _nextWave = Readers;

    private SegmentCatalog(Target target, IndexAccess access, PageCache cache, IEnumerable<ObjectStat> listed)
    {
        _target = target;
        _access = access;
        _cache = cache;
        _unopened = new Queue<ObjectStat>(listed);
    }

    /// <summary>Those that are open. When all are, merged ones stand first: their word on a pack comes before that of a writer.</summary>
    public IReadOnlyList<IndexSegment> Segments { get; private set; } = [];

    /// <summary>Of those that were opened.</summary>
    public IReadOnlyList<IndexProblem> Problems => [.. _problems.OrderBy(static problem => problem.Name)];

    /// <summary>Segments that another one replaces, and when that one was stored; nobody who opens the index from then on reads them.</summary>
    public IReadOnlyDictionary<ObjectName, DateTimeOffset> Superseded { get; private set; } = new Dictionary<ObjectName, DateTimeOffset>();

    /// <summary>Whether every segment is open, and the replaced ones are dropped.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>All segments, open.</summary>
    /// <exception cref="TargetException">The target failed; a segment that is gone since it was listed is a problem only.</exception>
    public static async Task<SegmentCatalog> LoadAsync(Target target, IndexAccess access, PageCache cache, CancellationToken cancellationToken)
    {
        var catalog = await ListAsync(target, access, cache, DateTimeOffset.MaxValue, cancellationToken);
        try
        {
            await catalog.OpenAllAsync(cancellationToken);
            return catalog;
        }
        catch
        {
            catalog.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The names alone; <see cref="OpenMoreAsync"/> opens the segments as they are needed. Where chunks are said to lie is proven by reading them, so a segment that another
    /// one replaces does no harm while not all are open.
    /// </summary>
    /// <param name="storedBy">When the snapshot that is read was stored: what it added was indexed shortly before.</param>
    public static async Task<SegmentCatalog> ListAsync(Target target, IndexAccess access, PageCache cache, DateTimeOffset storedBy, CancellationToken cancellationToken)
    {
        var listed = new List<ObjectStat>();
        await foreach (var stat in target.ListAsync(IndexSegment.Prefix, cancellationToken))
        {
            if (Id256.TryParse(stat.Name.Value.AsSpan(IndexSegment.Prefix.Length), out _))
            {
                listed.Add(stat);
            }
        }

        return new SegmentCatalog(target, access, cache, InOrderOfUse(listed, storedBy));
    }

    /// <summary>In turn one that the snapshot may have been made with and one stored since, for that may be where the former was merged into; each the newest first.</summary>
    private static IEnumerable<ObjectStat> InOrderOfUse(IEnumerable<ObjectStat> listed, DateTimeOffset storedBy)
    {
        var newestFirst = listed.OrderByDescending(static stat => stat.StoreTime).ThenBy(static stat => stat.Name).ToLookup(stat => stat.StoreTime <= storedBy);
        var (before, since) = (newestFirst[true].ToList(), newestFirst[false].ToList());
        for (var i = 0; i < Math.Max(before.Count, since.Count); i++)
        {
            if (i < before.Count)
            {
                yield return before[i];
            }

            if (i < since.Count)
            {
                yield return since[i];
            }
        }
    }

    /// <summary>The same target's segments as they are now, open; this one stays as it is.</summary>
    internal Task<SegmentCatalog> LoadAnewAsync(CancellationToken cancellationToken) => LoadAsync(_target, _access, _cache, cancellationToken);

    public async Task OpenAllAsync(CancellationToken cancellationToken)
    {
        while (!IsWhole)
        {
            await OpenWaveAsync(_unopened.Count, cancellationToken);
        }
    }

    /// <summary>Opens the next few, twice as many as the time before. One at a time may call it.</summary>
    public async Task OpenMoreAsync(CancellationToken cancellationToken)
    {
        await OpenWaveAsync(_nextWave, cancellationToken);
        _nextWave = Math.Min(2 * _nextWave, MaxWave);
    }

    private async Task OpenWaveAsync(int count, CancellationToken cancellationToken)
    {
        var wave = new List<ObjectStat>(Math.Min(count, _unopened.Count));
        while (wave.Count < count && _unopened.TryDequeue(out var stat))
        {
            wave.Add(stat);
        }

        var opened = new IndexSegment?[wave.Count];
        var problems = new IndexProblem?[wave.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken };
        try
        {
            await Parallel.ForAsync(0, wave.Count, options, async (i, token) =>
            {
                try
                {
                    opened[i] = await IndexSegment.OpenAsync(_target, wave[i], _access, _cache, token);
                }
                catch (BackupException fault) when (IsOfOneObject(fault))
                {
                    problems[i] = new IndexProblem(wave[i].Name, fault);
                }
            });
        }
        finally
        {
            // Also after a failure: what is open is disposed with the rest, and what was not reached is the first to be opened by the next call.
            _opened.AddRange(opened.OfType<IndexSegment>());
            _problems.AddRange(problems.OfType<IndexProblem>());
            _unopened = new Queue<ObjectStat>([.. wave.Where((_, i) => opened[i] is null && problems[i] is null), .. _unopened]);
        }

        if (_unopened.Count > 0)
        {
            Segments = [.. _opened];
            return;
        }

        var all = _opened.OrderBy(static segment => segment.Id.Value).ToDictionary(static segment => segment.Id);
        var overreaching = new ConcurrentBag<IndexProblem>();
        var kept = DropReplaced(all, overreaching);
        _problems.AddRange(overreaching);
        Segments = [.. kept.OrderBy(static segment => !segment.IsMerged || segment.Signer.IsRevoked)];

        // Only by those that count themselves: one that is replaced in turn was read by nobody for as long, but then its replacement names it too.
        Superseded = kept.Where(static segment => !segment.Signer.IsRevoked)
            .SelectMany(static segment => segment.Replaced.Select(id => (Id: id, segment.StoredAt)))
            .Where(pair => all.ContainsKey(pair.Id))
            .GroupBy(static pair => pair.Id, static pair => pair.StoredAt)
            .ToDictionary(pair => all[pair.Key].Name, static pair => pair.Min());
        IsWhole = true;
    }

    /// <summary>Dropped segments too: a lookup that began before may still read them.</summary>
    public void Dispose() => DisposeAll(_opened);

    /// <summary>Whether an error is about one object, so that the others go on; a store that does not answer is about all.</summary>
    internal static bool IsOfOneObject(BackupException fault) =>
        fault is not TargetException target || target.Fault is TargetFault.NotFound or TargetFault.OutOfRange;

    private static List<IndexSegment> DropReplaced(Dictionary<ObjectId, IndexSegment> all, ConcurrentBag<IndexProblem> problems)
    {
        var accepted = all.Values.Where(segment => !Overreaches(segment, all, problems)).ToList();
        var replaced = accepted.Where(static segment => !segment.Signer.IsRevoked).SelectMany(static segment => segment.Replaced).ToHashSet();
        return [.. accepted.Where(segment => !replaced.Contains(segment.Id))];
    }

    /// <summary>A writer that replaces another's segment would make the other's chunks vanish.</summary>
    private static bool Overreaches(IndexSegment segment, Dictionary<ObjectId, IndexSegment> all, ConcurrentBag<IndexProblem> problems)
    {
        if (segment.Signer.Has(MemberRoles.Maintainer))
        {
            return false;
        }

        foreach (var id in segment.Replaced)
        {
            if (all.TryGetValue(id, out var other) && other.Signer.Id != segment.Signer.Id)
            {
                problems.Add(new IndexProblem(
                    segment.Name,
                    new IntegrityException(
                        FaultCodes.SegmentPoisoned,
                        $"'{segment.Name}', signed by {segment.Signer.Name} ({segment.Signer.Id}), replaces '{other.Name}' of {other.Signer.Name}.")));
                return true;
            }
        }

        return false;
    }

    private static void DisposeAll(IEnumerable<IndexSegment> segments)
    {
        foreach (var segment in segments)
        {
            segment.Dispose();
        }
    }
}
