using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Measures what a run stores anew, from any thread.</summary>
internal sealed class ContentMeter
{
    /// <summary>Shorter pieces hardly compress, whatever they are.</summary>
    private const int MinMeasuredBytes = 1024;

    private long _newBytes;
    private long _measuredBytes;
    private long _denseBytes;

    internal long NewBytes => Volatile.Read(ref _newBytes);

    internal long MeasuredBytes => Volatile.Read(ref _measuredBytes);

    /// <summary>Of the new content that is long enough to tell, how much does not compress.</summary>
    internal int NewDensePermille => PermilleOf(Volatile.Read(ref _denseBytes), MeasuredBytes);

    internal void Add(ChunkClass chunkClass, int plainBytes, bool isDense)
    {
        if (chunkClass != ChunkClass.Data)
        {
            return;
        }

        Interlocked.Add(ref _newBytes, plainBytes);
        if (plainBytes >= MinMeasuredBytes)
        {
            Interlocked.Add(ref _measuredBytes, plainBytes);
            Interlocked.Add(ref _denseBytes, isDense ? plainBytes : 0);
        }
    }

    /// <param name="last">The last good snapshot of the data set; null where there is none.</param>
    internal ContentFigures FiguresOf(long contentBytes, EntryCounts? counts, SnapshotSummary? last)
    {
        var newBytes = Math.Min(NewBytes, contentBytes);
        var kept = contentBytes - newBytes;
        var dense = (((double)kept * (last?.Figures?.DensePermille ?? 0)) + ((double)newBytes * NewDensePermille)) / Math.Max(1, contentBytes);

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
