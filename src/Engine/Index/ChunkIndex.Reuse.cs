using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>Lookups of what the last run listed: most are answered from pages that are held, without waiting and without a claim.</summary>
public sealed partial class ChunkIndex
{
    private ChunkLocation? _lastCovered;

    /// <summary>
    /// Where a chunk is stored that may be relied on; null where there is no such place, or none yet. Nothing is reserved, not even for a moment: whoever claims the chunk meanwhile is not told
    /// that another is storing it.
    /// </summary>
    /// <exception cref="Faults.TargetException">The target failed.</exception>
    public async ValueTask<ChunkLocation?> FindReliableAsync(ChunkId chunk, CancellationToken cancellationToken) =>
        _run.TryGetValue(chunk, out var placed) ? placed?.LocationOf(chunk) : await FindTrustedAsync(chunk, _segments, [], cancellationToken);

    /// <summary>As <see cref="FindReliableAsync"/>, from pages that are held; null says nothing.</summary>
    internal ChunkLocation? FindAtHand(ChunkId chunk)
    {
        if (Volatile.Read(ref _lastFound) is not { } segment || !_segments.Contains(segment) || segment.FindAtHand(chunk) is not { } location)
        {
            return null;
        }

        // What is trusted does not change during a run: neighbours in one pack are judged once.
        var last = Volatile.Read(ref _lastCovered);
        if (last is null || !ReferenceEquals(last.Pack, location.Pack) || !ReferenceEquals(last.SaidBy, location.SaidBy) || last.IsAttested != location.IsAttested)
        {
            if (!_trust.Covers(location))
            {
                return null;
            }

            Volatile.Write(ref _lastCovered, location);
        }

        return location;
    }
}
