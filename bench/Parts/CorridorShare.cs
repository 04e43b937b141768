using SecureBackup.Bench.Samples;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;

namespace SecureBackup.Bench.Parts;

/// <param name="ColdSeconds">The first of its kind in the process: much of its code is compiled anew meanwhile.</param>
/// <param name="Seconds">The median of the next three.</param>
/// <param name="PartSeconds">What the parts take on the cores there are, or what the disk takes, whichever is more.</param>
/// <param name="DiskSeconds">The median of three: as many bytes as are stored, as packs alone, before each of the warm runs. A disk takes a few packs into its own memory sooner than many.</param>
/// <param name="Wall">Which is more: what the parts take of the processor, or the disk.</param>
/// <param name="Costs">One core's seconds for each part.</param>
internal sealed record CorridorFigure(string Set, double ColdSeconds, double Seconds, double PartSeconds, double DiskSeconds, string Wall, IReadOnlyDictionary<string, double> Costs)
{
    internal double Share => PartSeconds / Seconds;
}

/// <summary>
/// Compares a first backup, taken in this process, with what its parts cost: what every byte, every new byte, every stored byte, every chunk and every entry needs, spread over all cores
/// without any loss, while the disk takes what is stored.
/// </summary>
internal sealed class CorridorShare(IReadOnlyList<PartFigure> parts)
{
    private const int WarmRuns = 3;

    internal async Task<CorridorFigure> MeasureAsync(SampleSet set, string folder)
    {
        set.Warm();
        var (cold, first) = await BackUpAsync(set, Path.Combine(folder, "cold"));
        var (disk, warm) = (new List<double>(), new List<double>());
        while (warm.Count < WarmRuns)
        {
            SideBySide.Disk.FlushAll();
            var packs = Path.Combine(folder, $"disk{warm.Count}");
            disk.Add(await Task.Factory.StartNew(() => PackWriter.Measure(packs, first.BytesStored), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
            warm.Add((await BackUpAsync(set, Path.Combine(folder, $"warm{warm.Count}"))).Seconds);
        }

        var costs = CostsOf(set, first);
        var (work, written) = (costs.Values.Sum() / Environment.ProcessorCount, Median(disk));
        return new CorridorFigure(set.Name, cold, Median(warm), Math.Max(work, written), written, work > written ? "processor" : "disk", costs);
    }

    private static double Median(List<double> runs) => runs.Order().ElementAt(WarmRuns / 2);

    private static async Task<(double Seconds, BackupResult First)> BackUpAsync(SampleSet set, string folder)
    {
        using var runs = await WholeRuns.CreateAsync(set.Folder, set.Files, Directory.CreateDirectory(folder).FullName);
        SideBySide.Disk.FlushAll();
        var time = await runs.FirstBackupAsync();
        return (time.TotalSeconds, runs.First!);
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
            [PartNames.CompressAll] = fresh / RateOf(sample, set.Name, PartNames.CompressAll),
            [PartNames.Compare] = fresh / RateOf(sample, set.Name, PartNames.Compare),
            [PartNames.Seal] = first.BytesStored / RateOf(sample, set.Name, PartNames.Seal),
            [PartNames.HashPack] = first.BytesStored / RateOf(sample, set.Name, PartNames.HashPack),
            [PartNames.ReadPack] = first.BytesStored * SecondsOf(string.Empty, PartNames.ReadPack) / PackSize.DefaultBytes,
        };
    }

    private double SecondsOf(string set, string name) => parts.First(part => string.Equals(part.Name, name, StringComparison.Ordinal) && string.Equals(part.Set, set, StringComparison.Ordinal)).Nanoseconds / 1e9;

    private double RateOf(PartSample sample, string set, string name) => (PartNames.IsOfPayload(name) ? sample.PayloadBytes : sample.Bytes) / SecondsOf(set, name);
}
