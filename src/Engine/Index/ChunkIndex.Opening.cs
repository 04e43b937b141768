using System.Collections.Immutable;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>Segments that are opened as lookups need them. For reading alone: a claim must know them all.</summary>
public sealed partial class ChunkIndex
{
    private readonly SemaphoreSlim _opening = new(1);

    /// <summary>Told of each problem when it shows; null where nobody listens.</summary>
    internal Action<IndexProblem>? OnProblem { get; init; }

    /// <summary>
    /// The nearest place that may be relied on, from as few segments as it takes; where none may, every place, as of <see cref="FindAsync"/>. If it fails, the others are
    /// asked for by that.
    /// </summary>
    /// <exception cref="Faults.TargetException">The target failed.</exception>
    public async ValueTask<IReadOnlyList<ChunkLocation>> FindNearestAsync(ChunkId chunk, CancellationToken cancellationToken)
    {
        var searched = ImmutableArray<IndexSegment>.Empty;
        while (true)
        {
            var segments = _segments;
            if (await FindTrustedAsync(chunk, searched.IsEmpty ? segments : segments.RemoveRange(searched), [], cancellationToken) is { } known)
            {
                return [known];
            }

            searched = segments;
            if (_catalog.IsWhole)
            {
                return await FindAsync(chunk, cancellationToken);
            }

            await OpenAsync(segments, static (catalog, token) => catalog.OpenMoreAsync(token), cancellationToken);
        }
    }

    /// <summary>
    /// Takes the segments as they are on the target now, for a reader that works so long that what it opened was merged or compacted away. Other lookups go on meanwhile; what they read from is
    /// kept until the end.
    /// </summary>
    /// <exception cref="Faults.TargetException">The target failed; the index is as it was.</exception>
    internal async Task ReloadAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            var catalog = await _catalog.LoadAnewAsync(cancellationToken);
            _overtaken.Add(_catalog);
            _catalog = catalog;
            NoteProblems();
            _segments = [.. catalog.Segments.Where(segment => !IsPoisoned(segment)), .. _committed];
        }
        finally
        {
            _opening.Release();
        }
    }

    private ValueTask OpenAllAsync(CancellationToken cancellationToken) => _catalog.IsWhole
        ? ValueTask.CompletedTask
        : new ValueTask(OpenAsync(_segments, static (catalog, token) => catalog.OpenAllAsync(token), cancellationToken));

    /// <param name="seen">What the caller has searched: if there is more by now, another has opened it.</param>
    private async Task OpenAsync(
        ImmutableArray<IndexSegment> seen, Func<SegmentCatalog, CancellationToken, Task> open, CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_catalog.IsWhole || _segments != seen)
            {
                return;
            }

            await open(_catalog, cancellationToken);
            NoteProblems();
            _segments = [.. _catalog.Segments.Where(segment => !IsPoisoned(segment))];
        }
        finally
        {
            _opening.Release();
        }
    }

    private bool IsPoisoned(IndexSegment segment) => _problems.TryGetValue(segment.Name, out var problem) && problem.Fault.Code == Faults.FaultCodes.SegmentPoisoned;

    private void NoteProblems()
    {
        foreach (var problem in _catalog.Problems)
        {
            if (_problems.TryAdd(problem.Name, problem))
            {
                OnProblem?.Invoke(problem);
            }
        }
    }
}
