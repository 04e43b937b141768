using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Measures how a run's content differs from the last good snapshot's. What that one did not hold is <em>fresh</em>, each time that it occurs, whether this run stores it or another did: what
/// lies in the vault by the word of a suspect or an interrupted run does not become good by that. And what is stored once more under the same id is not fresh: this is a gauge, so every place
/// that the index knows counts, also one that no writer may lean on.
/// </summary>
/// <param name="lastGood">The packs of the last good snapshot.</param>
internal sealed class ContentMeter(ChunkIndex index, IReadOnlySet<PackId> lastGood)
{
    /// <summary>Shorter pieces hardly compress, whatever they are.</summary>
    private const int MinMeasuredBytes = 1024;

    private long _freshBytes;
    private long _measuredBytes;
    private long _denseBytes;

    internal long MeasuredBytes => Volatile.Read(ref _measuredBytes);

    /// <summary>Of the fresh content that is long enough to tell, how much does not compress.</summary>
    internal int FreshDensePermille => PermilleOf(Volatile.Read(ref _denseBytes), MeasuredBytes);

    /// <summary>Whether the last good snapshot leans on a pack: what lies in it is not fresh.</summary>
    internal bool HeldLast(PackId pack) => lastGood.Contains(pack);

    /// <summary>Counts a chunk of the content; from any thread. A fresh one that is being stored is to be measured by whoever compresses it.</summary>
    internal async ValueTask<bool> IsFreshAsync(ChunkId chunk, ChunkClaim claim, int plainBytes, FreshTally tally, CancellationToken cancellationToken)
    {
        if (claim.Location is { } likely && HeldLast(likely.Pack.Id))
        {
            return false;
        }

        var places = claim.State == ChunkState.New ? claim.Elsewhere : lastGood.Count == 0 ? [] : await index.FindAsync(chunk, cancellationToken);
        if (places.Any(place => lastGood.Contains(place.Pack.Id)))
        {
            return false;
        }

        tally.Add(plainBytes);
        if (claim.Location is { } known)
        {
            Measure(known.Entry.PlainBytes, known.Entry.Compression == CompressionId.Stored);
        }

        return true;
    }

    /// <summary>From any thread.</summary>
    internal void AddFresh(long bytes) => Interlocked.Add(ref _freshBytes, bytes);

    /// <summary>From any thread.</summary>
    internal void Measure(int plainBytes, bool isDense)
    {
        if (plainBytes >= MinMeasuredBytes)
        {
            Interlocked.Add(ref _measuredBytes, plainBytes);
            Interlocked.Add(ref _denseBytes, isDense ? plainBytes : 0);
        }
    }

    /// <param name="last">The last good snapshot of the data set; null where there is none.</param>
    internal ContentFigures FiguresOf(long contentBytes, EntryCounts? counts, SnapshotSummary? last)
    {
        var newBytes = Math.Min(Volatile.Read(ref _freshBytes), contentBytes);
        var kept = contentBytes - newBytes;
        var dense = (((double)kept * (last?.Figures?.DensePermille ?? 0)) + ((double)newBytes * FreshDensePermille)) / Math.Max(1, contentBytes);

        // What came in place of old content: new bytes beyond those by which the whole grew.
        var grown = Math.Max(0, contentBytes - (last?.ContentBytes ?? 0));
        return new ContentFigures
        {
            EmptyFiles = counts?.EmptyFiles ?? 0,
            RansomNames = counts?.RansomNames ?? 0,
            NewBytes = newBytes,
            DensePermille = (int)Math.Min(1000, dense),
            ReplacedPermille = last is null ? 0 : PermilleOf(Math.Max(0, newBytes - grown), last.ContentBytes),
        };
    }

    private static int PermilleOf(long part, long whole) => whole == 0 ? 0 : (int)Math.Min(1000, 1000d * part / whole);
}
