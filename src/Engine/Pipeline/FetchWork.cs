using System.Collections.Concurrent;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What one worker of a restore takes at a time: chunks of one pack, or pieces that stand in one file already.</summary>
internal sealed record FetchWork(IReadOnlyList<WantedChunk> Chunks, IReadOnlyList<PieceCopy> Copies)
{
    internal static IEnumerable<FetchWork> TakeAll(ConcurrentQueue<FetchWork> queue)
    {
        while (queue.TryDequeue(out var item))
        {
            yield return item;
        }
    }

    /// <summary>The same, a range at a time, each asked for before the one ahead of it is worked on: its answer is under way meanwhile.</summary>
    internal static IEnumerable<FetchWork> Ahead(IEnumerable<FetchWork> items, PackOpener opener, CancellationToken cancellationToken)
    {
        FetchWork? current = null;
        foreach (var next in items.SelectMany(static item => item.ByRange()))
        {
            if (next.Chunks is [var first, ..])
            {
                opener.Ask(first.Places[0].Pack, PackRanges.From(next.Chunks, 0), cancellationToken);
            }

            if (current is not null)
            {
                yield return current;
            }

            current = next;
        }

        if (current is not null)
        {
            yield return current;
        }
    }

    private IEnumerable<FetchWork> ByRange() => Chunks.Count == 0 ? [this] : PackRanges.Split(Chunks).Select(static chunks => new FetchWork(chunks, []));
}
