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

    private SegmentCatalog(IReadOnlyList<IndexSegment> segments, IReadOnlyList<IndexProblem> problems)
    {
        Segments = segments;
        Problems = problems;
    }

    /// <summary>Merged ones first: their word on a pack comes before that of a writer.</summary>
    public IReadOnlyList<IndexSegment> Segments { get; }

    public IReadOnlyList<IndexProblem> Problems { get; }

    /// <summary>Segments that another one replaces, and when that one was stored; nobody who opens the index from then on reads them.</summary>
    public IReadOnlyDictionary<ObjectName, DateTimeOffset> Superseded { get; private init; } = new Dictionary<ObjectName, DateTimeOffset>();

    /// <exception cref="TargetException">The target failed; a segment that is gone since it was listed is a problem only.</exception>
    public static async Task<SegmentCatalog> LoadAsync(Target target, IndexAccess access, PageCache cache, CancellationToken cancellationToken)
    {
        var opened = new ConcurrentBag<IndexSegment>();
        var problems = new ConcurrentBag<IndexProblem>();
        try
        {
            await Parallel.ForEachAsync(
                target.ListAsync(IndexSegment.Prefix, cancellationToken),
                new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
                async (stat, token) =>
                {
                    if (!Id256.TryParse(stat.Name.Value.AsSpan(IndexSegment.Prefix.Length), out _))
                    {
                        return;
                    }

                    try
                    {
                        opened.Add(await IndexSegment.OpenAsync(target, stat, access, cache, token));
                    }
                    catch (BackupException fault) when (IsOfOneObject(fault))
                    {
                        problems.Add(new IndexProblem(stat.Name, fault));
                    }
                });
        }
        catch
        {
            DisposeAll(opened);
            throw;
        }

        var all = opened.OrderBy(static segment => segment.Id.Value).ToDictionary(static segment => segment.Id);
        var kept = DropReplaced(all, problems);
        DisposeAll(all.Values.Except(kept));
        return new SegmentCatalog(
            [.. kept.OrderBy(static segment => !segment.IsMerged || segment.Signer.IsRevoked)],
            [.. problems.OrderBy(static problem => problem.Name)])
        {
            // Only by those that count themselves: one that is replaced in turn was read by nobody for as long, but then its replacement names it too.
            Superseded = kept.Where(static segment => !segment.Signer.IsRevoked)
                .SelectMany(static segment => segment.Replaced.Select(id => (Id: id, segment.StoredAt)))
                .Where(pair => all.ContainsKey(pair.Id))
                .GroupBy(static pair => pair.Id, static pair => pair.StoredAt)
                .ToDictionary(pair => all[pair.Key].Name, static pair => pair.Min()),
        };
    }

    public void Dispose() => DisposeAll(Segments);

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
