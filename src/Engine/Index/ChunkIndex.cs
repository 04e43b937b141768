using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>
/// "Have we got it, and where": the segments on the target, read by page, and in memory only what this run has claimed and not yet
/// committed. Thread-safe, except that one thread at a time places and commits.
/// <para>The way of a chunk: <see cref="TryClaimAsync"/> says New · its pack is stored · <see cref="Place"/> · a segment that names the pack is stored ·
/// <see cref="Commit"/>. A claim whose chunk could not be stored is given back by <see cref="Release"/>.</para>
/// </summary>
public sealed partial class ChunkIndex : IDisposable
{
    private readonly DeduplicationTrust _trust;
    private readonly List<SegmentCatalog> _overtaken = [];
    private readonly ConcurrentBag<IndexSegment> _committed = [];
    private readonly ConcurrentDictionary<ChunkId, PlacedPack?> _run = new();
    private readonly ConcurrentDictionary<PackId, PlacedPack> _placed = new();
    private readonly ConcurrentDictionary<ObjectName, IndexProblem> _problems = new();
    private SegmentCatalog _catalog;
    private ImmutableArray<IndexSegment> _segments;
    private IndexSegment? _lastFound;

    /// <param name="catalog">Taken over.</param>
    public ChunkIndex(SegmentCatalog catalog, DeduplicationTrust trust)
    {
        _catalog = catalog;
        _trust = trust;
        _segments = [.. catalog.Segments];
        NoteProblems();
    }

    /// <summary>Segments that are not used, and why; grows as pages are read.</summary>
    public IReadOnlyCollection<IndexProblem> Problems => [.. _problems.Values.OrderBy(static problem => problem.Name)];

    /// <summary>Chunks in memory: claimed or placed, not yet committed.</summary>
    public int UncommittedCount => _run.Count;

    /// <summary>Every place where a chunk lies, nearest first: one's own packs, then packs that may be relied on, then the others.</summary>
    /// <exception cref="TargetException">The target failed.</exception>
    public async ValueTask<IReadOnlyList<ChunkLocation>> FindAsync(ChunkId chunk, CancellationToken cancellationToken)
    {
        var found = new List<ChunkLocation>();
        if (_run.TryGetValue(chunk, out var placed) && placed is not null)
        {
            found.Add(placed.LocationOf(chunk));
        }

        await OpenAllAsync(cancellationToken);
        foreach (var segment in _segments)
        {
            await SearchAsync(chunk, segment, found, cancellationToken);
        }

        // Two words on one place are two places: a false one, with another length of the pack, must not hide the true one.
        return found.Count < 2
            ? found
            : [.. found.DistinctBy(static location => (location.Pack, location.Entry)).OrderBy(Distance)];
    }

    /// <summary>Asks for a chunk and reserves it in the same step: of all that ask at one time, one gets New.</summary>
    /// <exception cref="TargetException">The target failed; nothing is reserved.</exception>
    public async ValueTask<ChunkClaim> TryClaimAsync(ChunkId chunk, CancellationToken cancellationToken)
    {
        var searched = ImmutableArray<IndexSegment>.Empty;
        var found = new List<ChunkLocation>();
        while (true)
        {
            if (_run.TryGetValue(chunk, out var placed))
            {
                return placed is null ? ChunkClaim.Pending : ChunkClaim.Known(placed.LocationOf(chunk));
            }

            var segments = _segments;
            if (await FindTrustedAsync(chunk, searched.IsEmpty ? segments : segments.RemoveRange(searched), found, cancellationToken) is { } known)
            {
                return ChunkClaim.Known(known);
            }

            // A commit between search and reservation may have moved the chunk from memory to a segment that was not searched.
            searched = segments;
            if (_run.TryAdd(chunk, null))
            {
                if (HasNothingBeyond(searched))
                {
                    return ChunkClaim.New with { Elsewhere = found };
                }

                _run.TryRemove(chunk, out _);
            }
        }
    }

    /// <summary>Gives a reservation back: the chunk was not stored after all.</summary>
    public void Release(ChunkId chunk) => ((ICollection<KeyValuePair<ChunkId, PlacedPack?>>)_run).Remove(new(chunk, null));

    /// <summary>Says that a pack is stored: its chunks are known from now on.</summary>
    public void Place(PackRecord pack, IReadOnlyList<PackEntry> entries)
    {
        var placed = new PlacedPack(pack, entries);
        _placed[pack.Id] = placed;
        foreach (var entry in entries)
        {
            _run[entry.Chunk] = placed;
        }
    }

    /// <summary>Moves what a stored segment names out of memory. The segment is taken over.</summary>
    /// <param name="packs">What the segment was built from.</param>
    public void Commit(IndexSegment segment, IEnumerable<PackId> packs)
    {
        // First the segment, then the memory: in between a chunk is found twice, never not at all.
        _committed.Add(segment);
        ImmutableInterlocked.Update(ref _segments, static (segments, added) => segments.Add(added), segment);
        foreach (var pack in packs)
        {
            if (!_placed.TryRemove(pack, out var placed))
            {
                continue;
            }

            foreach (var entry in placed.Entries)
            {
                if (_run.TryGetValue(entry.Chunk, out var latest) && latest == placed)
                {
                    _run.TryRemove(entry.Chunk, out _);
                }
            }
        }
    }

    /// <summary>
    /// What is recorded about a pack; a maintainer's or owner's word before a writer's, and the word of whoever's packs stand nearest before that of
    /// others: any writer can put another's pack id into its segment as its own. Null where nothing is.
    /// </summary>
    /// <exception cref="TargetException">The target failed.</exception>
    public async ValueTask<PackRecord?> FindPackAsync(PackId pack, CancellationToken cancellationToken)
    {
        if (_placed.TryGetValue(pack, out var placed))
        {
            return placed.Pack;
        }

        await OpenAllAsync(cancellationToken);
        PackRecord? nearest = null;
        foreach (var segment in _segments)
        {
            try
            {
                if (await segment.FindPackAsync(pack, cancellationToken) is not { } record)
                {
                    continue;
                }

                if (segment is { IsMerged: true, Signer.IsRevoked: false } || record.Writer == _trust.Self)
                {
                    return record;
                }

                nearest = nearest is null || (!_trust.IsReliable(nearest) && _trust.IsReliable(record)) ? record : nearest;
            }
            catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
            {
                Report(segment, fault);
            }
        }

        return nearest;
    }

    /// <summary>Whether a verifier has attested exactly this pack, by id and hash.</summary>
    /// <exception cref="TargetException">The target failed.</exception>
    internal async ValueTask<bool> IsAttestedAsync(PackRecord pack, CancellationToken cancellationToken)
    {
        await OpenAllAsync(cancellationToken);
        foreach (var segment in _segments.Where(static segment => segment is { IsAttestation: true, Signer.IsRevoked: false }))
        {
            try
            {
                if (await segment.FindPackAsync(pack.Id, cancellationToken) == pack)
                {
                    return true;
                }
            }
            catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
            {
                Report(segment, fault);
            }
        }

        return false;
    }

    /// <summary>
    /// All recorded packs, each once, committed ones ascending by id; nothing is held but a page of each segment. Where a page does not open,
    /// the rest of that segment is missing here: see <see cref="Problems"/> before anything is concluded from a pack's absence.
    /// </summary>
    /// <exception cref="TargetException">The target failed.</exception>
    public async IAsyncEnumerable<PackRecord> EnumeratePacksAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await OpenAllAsync(cancellationToken);
        var placed = _placed.Values.Select(static item => item.Pack).ToDictionary(static pack => pack.Id);
        foreach (var pack in placed.Values)
        {
            yield return pack;
        }

        await foreach (var pack in PackMerge.MergeAsync(_segments, Report, cancellationToken))
        {
            if (!placed.ContainsKey(pack.Id))
            {
                yield return pack;
            }
        }
    }

    public void Dispose()
    {
        _opening.Dispose();
        _catalog.Dispose();
        _overtaken.ForEach(static catalog => catalog.Dispose());
        foreach (var segment in _committed)
        {
            segment.Dispose();
        }
    }

    private bool HasNothingBeyond(ImmutableArray<IndexSegment> searched) => _segments == searched || _segments.All(searched.Contains);

    /// <param name="found">Gets what may not be relied on, too.</param>
    private async ValueTask<ChunkLocation?> FindTrustedAsync(ChunkId chunk, ImmutableArray<IndexSegment> segments, List<ChunkLocation> found, CancellationToken cancellationToken)
    {
        // A run's chunks come in the order of the last one's, which are indexed together.
        var likely = Volatile.Read(ref _lastFound) is { } last && segments.Contains(last) ? last : null;
        if (likely is not null && await FindTrustedAsync(chunk, likely, found, cancellationToken) is { } near)
        {
            return near;
        }

        foreach (var segment in segments)
        {
            // Most segments are passed over without reading: a vault of a hundred million chunks has 200.
            if (segment != likely && segment.MayContain(chunk) && await FindTrustedAsync(chunk, segment, found, cancellationToken) is { } known)
            {
                Volatile.Write(ref _lastFound, segment);
                return known;
            }
        }

        return null;
    }

    private async ValueTask<ChunkLocation?> FindTrustedAsync(ChunkId chunk, IndexSegment segment, List<ChunkLocation> found, CancellationToken cancellationToken)
    {
        await SearchAsync(chunk, segment, found, cancellationToken);
        return found.Find(_trust.Covers);
    }

    private async ValueTask SearchAsync(ChunkId chunk, IndexSegment segment, List<ChunkLocation> found, CancellationToken cancellationToken)
    {
        var before = found.Count;
        try
        {
            await segment.FindAsync(chunk, found, cancellationToken);
        }
        catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
        {
            found.RemoveRange(before, found.Count - before);
            Report(segment, fault);
        }
    }

    /// <summary>A poisoned segment is not believed in anything. In a damaged one every other page still has its signed hash.</summary>
    private void Report(IndexSegment segment, BackupException fault)
    {
        _problems.TryAdd(segment.Name, new IndexProblem(segment.Name, fault));
        if (fault.Code == FaultCodes.SegmentPoisoned)
        {
            ImmutableInterlocked.Update(ref _segments, static (segments, poisoned) => segments.Remove(poisoned), segment);
        }
    }

    private int Distance(ChunkLocation location) => location.Pack.Writer == _trust.Self ? 0 : _trust.Covers(location) ? 1 : 2;
}
