using SecureBackup.Bench.Samples;
using SecureBackup.Engine.Pipeline;

namespace SecureBackup.Bench.Parts;

/// <param name="PartSeconds">What the parts take on the cores there are, or what the disk takes, whichever is more.</param>
/// <param name="Wall">Which of the two that is.</param>
/// <param name="Costs">One core's seconds for each part.</param>
internal sealed record CorridorFigure(string Set, double Seconds, double PartSeconds, string Wall, IReadOnlyDictionary<string, double> Costs)
{
    internal double Share => PartSeconds / Seconds;
}

/// <summary>
/// Compares a first backup, taken in this process, with what its parts cost: what every byte, every new byte, every stored byte, every chunk and every entry needs, spread over all cores
/// without any loss, while the disk takes what is stored.
/// </summary>
internal sealed class CorridorShare(IReadOnlyList<PartFigure> parts, double diskRate)
{
    internal async Task<CorridorFigure> MeasureAsync(SampleSet set, string folder)
    {
        set.Warm();
        using var runs = await WholeRuns.CreateAsync(set.Folder, set.Files, Directory.CreateDirectory(folder).FullName);
        SideBySide.Disk.FlushAll();
        var time = await runs.FirstBackupAsync();
        var first = runs.First!;
        var costs = CostsOf(set, first);
        var (work, disk) = (costs.Values.Sum() / Environment.ProcessorCount, first.BytesStored / diskRate);
        return new CorridorFigure(set.Name, time.TotalSeconds, Math.Max(work, disk), work > disk ? "processor" : "disk", costs);
    }

    private Dictionary<string, double> CostsOf(SampleSet set, BackupResult first)
    {
        var sample = PartSample.Of(set.Name);
        var fresh = set.SizeBytes * (first.ChunksNew / (double)Math.Max(1, first.ChunksNew + first.ChunksKnown));
        return new Dictionary<string, double>(StringComparer.Ordinal)
        {
            [PartNames.Read] = SecondsOf(set.Name, PartNames.Read),
            [PartNames.List] = set.Files.Count * SecondsOf(string.Empty, PartNames.List),
            [PartNames.ClaimNew] = (first.ChunksNew + first.ChunksKnown) * SecondsOf(string.Empty, PartNames.ClaimNew),
            [PartNames.Cut] = set.SizeBytes / RateOf(sample, set.Name, PartNames.Cut),
            [PartNames.Identify] = set.SizeBytes / RateOf(sample, set.Name, PartNames.Identify),
            [PartNames.Compress] = fresh / RateOf(sample, set.Name, PartNames.Compress),
            [PartNames.Compare] = fresh / RateOf(sample, set.Name, PartNames.Compare),
            [PartNames.Seal] = first.BytesStored / RateOf(sample, set.Name, PartNames.Seal),
            [PartNames.HashPack] = first.BytesStored / RateOf(sample, set.Name, PartNames.HashPack),

            // A pack is written, read back and compared.
            [PartNames.Copy] = 3 * first.BytesStored / RateOf(sample, set.Name, PartNames.Copy),
        };
    }

    private double SecondsOf(string set, string name) => parts.First(part => string.Equals(part.Name, name, StringComparison.Ordinal) && string.Equals(part.Set, set, StringComparison.Ordinal)).Nanoseconds / 1e9;

    private double RateOf(PartSample sample, string set, string name) => (PartNames.IsOfPayload(name) ? sample.PayloadBytes : sample.Bytes) / SecondsOf(set, name);
}
