using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Compares a snapshot in the making with the last good one. Pure.</summary>
internal static class GateJudge
{
    /// <summary>Below this a percentage says little: three files of ten are an afternoon's work.</summary>
    private const int MinFiles = 10;
    private const long MinBytes = 1024 * 1024;

    /// <summary>Encrypted content is all noise; what people make in a day is not.</summary>
    private const int NoisePermille = 900;
    private const int MinReplacedPermille = 50;

    /// <param name="good">The last good one, and those before it; none where nothing can be compared: then only the minima and the names speak.</param>
    /// <param name="emptied">Files that lost their content since the last good one; null where that is not known.</param>
    internal static IReadOnlyList<GateFinding> Judge(ContentGates gates, SnapshotSummary now, ContentMeter meter, IReadOnlyList<SnapshotSummary> good, long? emptied)
    {
        var last = good.Count == 0 ? null : good[0];
        var findings = new List<GateFinding>();
        var count = now.Kind == SnapshotKind.Records ? now.RecordCount : now.FileCount;
        Find(GateKind.TooSmall, now.ContentBytes, gates.MinimumBytes, now.ContentBytes < gates.MinimumBytes);
        Find(GateKind.TooFew, count, gates.MinimumCount, count < gates.MinimumCount);
        var names = now.Figures!.RansomNames - (last?.Figures?.RansomNames ?? 0);
        Find(GateKind.RansomNames, names, gates.LooksForRansomNames ? 0 : null, names > 0);
        if (last is null)
        {
            return findings;
        }

        var lastCount = last.Kind == SnapshotKind.Records ? last.RecordCount : last.FileCount;
        var lost = Math.Max(lastCount >= MinFiles ? PercentLost(count, lastCount) : 0, last.ContentBytes >= MinBytes ? PercentLost(now.ContentBytes, last.ContentBytes) : 0);
        Find(GateKind.Shrunk, lost, gates.ShrinkPercent, lost >= gates.ShrinkPercent);
        if (last.Figures is { } before)
        {
            Compare(before);
        }

        return findings;

        void Compare(ContentFigures before)
        {
            // What was replaced as a whole the last time too, such as a compressed dump, is always.
            var replaced = now.Figures.ReplacedPermille;
            var isUsual = before.ReplacedPermille * 2 >= replaced;
            Find(GateKind.MassChanged, replaced / 10, gates.ChangePercent, last.ContentBytes >= MinBytes && !isUsual && replaced >= gates.ChangePercent * 10);

            // A little every day is too little to see on any day, but not beside what the content was before.
            var isNoise = meter.FreshDensePermille >= NoisePermille && now.ContentBytes >= MinBytes / 4;
            var jump = replaced >= MinReplacedPermille && meter.MeasuredBytes >= MinBytes / 4 ? meter.FreshDensePermille - before.DensePermille : 0;
            jump = Math.Max(jump, good.Max(earlier => DenserInPlacePermille(now, earlier)));
            Find(GateKind.EntropyJumped, jump / 10, gates.EntropyJumpPercent, isNoise && jump >= gates.EntropyJumpPercent * 10);

            // Where nobody could count them, new files that are empty pass for emptied ones: rather that than the other way round.
            var lostContent = emptied ?? Math.Max(0, now.Figures.EmptyFiles - before.EmptyFiles);
            var emptiedPercent = last.FileCount < MinFiles ? 0 : 100 * lostContent / last.FileCount;
            Find(GateKind.FilesEmptied, emptiedPercent, gates.EmptiedPercent, emptiedPercent >= gates.EmptiedPercent);
        }

        void Find(GateKind gate, long measured, long? limit, bool hasTripped)
        {
            if (limit is { } known && hasTripped)
            {
                findings.Add(new GateFinding(gate, measured, known));
            }
        }
    }

    /// <summary>How much of an earlier content has become noise by now: what does not compress, beyond what was so then and what was added.</summary>
    private static int DenserInPlacePermille(SnapshotSummary now, SnapshotSummary earlier)
    {
        if (earlier.Figures is null || earlier.ContentBytes < MinBytes)
        {
            return 0;
        }

        var denser = ((double)now.ContentBytes * now.Figures!.DensePermille) - ((double)earlier.ContentBytes * earlier.Figures.DensePermille);
        var grown = 1000d * Math.Max(0, now.ContentBytes - earlier.ContentBytes);
        return (int)Math.Clamp((denser - grown) / earlier.ContentBytes, 0, 1000);
    }

    private static long PercentLost(long now, long last) => 100 - Math.Min(100, (long)(100d * now / last));
}
