using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Gathers files that stand at the destination, and compares them a few at a time.</summary>
internal sealed class StandingStage(RestoreParts parts)
{
    private const int MaxWaiting = 1024;

    private static readonly int Readers = Math.Clamp(Environment.ProcessorCount, 2, 8);

    private readonly List<Waiting> _waiting = [];

    internal bool IsWaiting => _waiting.Count > 0;

    internal bool IsFull => _waiting.Count >= MaxWaiting;

    internal void Add(ListedEntry entry, Preparation preparation) => _waiting.Add(new Waiting(entry, preparation));

    /// <summary>All that wait, in the order in which they came, but for those whose list of chunks is damaged: they have failed.</summary>
    internal async Task<IReadOnlyList<Compared>> CompareAllAsync(CancellationToken cancellationToken)
    {
        var waiting = _waiting.ToArray();
        _waiting.Clear();
        parts.Comparer.Forget();
        var found = new Compared?[waiting.Length];
        var damaged = new EntryFault?[waiting.Length];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, waiting.Length, options, async (i, token) =>
        {
            var (entry, preparation) = waiting[i];
            try
            {
                found[i] = parts.Journal?.Has(entry.Path, preparation.Standing) == true
                    ? new Compared(entry, preparation, StandingContent.Known(preparation.Standing!))
                    : new Compared(entry, preparation, await parts.Comparer.CompareAsync(entry, preparation, token));
            }
            catch (BackupException damage) when (ChunkFetcher.IsOfOneChunk(damage))
            {
                damaged[i] = EntryFault.Of(entry.Path.ToString(), damage);
            }
        });
        for (var i = 0; i < waiting.Length; i++)
        {
            if (damaged[i] is { } fault)
            {
                parts.Result.AddFailed(waiting[i].Preparation.Entry, fault);
            }
        }

        return [.. found.OfType<Compared>()];
    }

    private sealed record Waiting(ListedEntry Entry, Preparation Preparation);
}

/// <summary>A file that stands at the destination, and what it holds.</summary>
internal sealed record Compared(ListedEntry Entry, Preparation Preparation, StandingContent Content);
