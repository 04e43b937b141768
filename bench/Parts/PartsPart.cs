using System.Globalization;
using System.Security.Cryptography;
using SecureBackup.Bench.Samples;

namespace SecureBackup.Bench.Parts;

/// <summary>Part 2: what each step costs alone on one core, what the machine can do at best, and how near the whole comes to the sum.</summary>
internal static class PartsPart
{
    private const int DiskSampleBytes = 256 << 20;

    internal static async Task<int> RunAsync(BenchOptions options)
    {
        var scratch = Path.Combine(options.Folder, "parts");
        if (Directory.Exists(scratch))
        {
            Directory.Delete(scratch, recursive: true);
        }

        Directory.CreateDirectory(scratch);
        var sets = options.Sets.Select(new SampleSets(options).Take).ToList();
        sets.ForEach(PartSample.Take);
        var limits = MeasureLimits(sets, scratch);
        var parts = MeasureParts(sets, scratch);
        var share = new CorridorShare(parts);
        var corridors = new List<CorridorFigure>();
        foreach (var set in sets)
        {
            Console.Error.WriteLine($"First backup of {set.Name} …");
            corridors.Add(await share.MeasureAsync(set, Path.Combine(scratch, set.Name)));
        }

        Console.WriteLine($"The parts, each on one core. {Machine.Describe()}.");
        Console.WriteLine();
        new PartsReport(sets, parts, limits).Print();
        PrintShare(corridors);
        ResultFile.Write("parts", new { BenchmarkDotNet = typeof(BenchmarkDotNet.Running.BenchmarkRunner).Assembly.GetName().Version?.ToString() }, new { parts, limits, corridors });
        Directory.Delete(scratch, recursive: true);
        return 0;
    }

    private static List<PartFigure> MeasureParts(List<SampleSet> sets, string scratch)
    {
        string[] names = [.. sets.Select(static set => set.Name)];
        (ByteParts.Sets, DiskParts.Sets, WriteParts.Scratch) = (names, names, scratch);
        DiskParts.Folders = sets.ToDictionary(static set => set.Name, static set => set.Folder, StringComparer.Ordinal);
        DiskParts.Files = sets.ToDictionary(static set => set.Name, static set => set.Files, StringComparer.Ordinal);
        sets.ForEach(static set => set.Warm());
        Console.Error.WriteLine("Measuring the parts …");
        return [.. PartRunner.Run<ByteParts>(), .. PartRunner.Run<OperationParts>(), .. PartRunner.RunOnce<DiskParts>(), .. PartRunner.RunOnce<WriteParts>(), .. PartRunner.RunOnce<RestoreParts>()];
    }

    private static List<MachineLimit> MeasureLimits(List<SampleSet> sets, string scratch)
    {
        Console.Error.WriteLine("Measuring the machine …");
        List<MachineLimit> limits = [.. MachineLimits.OfCrypto()];
        foreach (var set in sets)
        {
            var path = Path.Combine(scratch, $"{set.Name}.sample");
            File.WriteAllBytes(path, [.. PartSample.Of(set.Name).Chunks.SelectMany(static chunk => chunk)]);
            limits.AddRange(MachineLimits.OfZstd(set.Name, path));
        }

        var random = Path.Combine(scratch, "random.sample");
        File.WriteAllBytes(random, RandomNumberGenerator.GetBytes(DiskSampleBytes));
        limits.Add(MachineLimits.OfDisk(random, scratch));
        return limits;
    }

    private static void PrintShare(List<CorridorFigure> corridors)
    {
        var table = new TextTable(["first backup, in this process", "seconds, cold", "seconds", "its parts allow", "the disk alone", "wall", "**corridor ÷ parts**", "most costly parts, seconds of one core"]);
        foreach (var corridor in corridors)
        {
            var costs = corridor.Costs.OrderByDescending(static cost => cost.Value).Take(4).Select(static cost => string.Create(CultureInfo.InvariantCulture, $"{cost.Key} {cost.Value:0.00}"));
            table.Add([corridor.Set, $"{corridor.ColdSeconds:0.00}", $"{corridor.Seconds:0.00}", $"{corridor.PartSeconds:0.00}", $"{corridor.DiskSeconds:0.00}", corridor.Wall, $"**{corridor.Share:P0}**", string.Join("; ", costs)]);
        }

        table.Print();
    }
}
