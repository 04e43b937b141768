using SecureBackup.Bench.Samples;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Bench.SideBySide;

/// <summary>Part 1: restic, borg and this module as whole processes on the same data.</summary>
internal static class SideBySidePart
{
    internal static async Task<int> RunAsync(BenchOptions options)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.WriteLine("Side by side runs on Linux: it reads /proc and calls sync -f. It was not run.");
            return 0;
        }

        if (options.Target is BenchTarget.S3 && CephServer.MissingPrograms is { Count: > 0 } missing)
        {
            Console.WriteLine($"Missing: {string.Join(", ", missing)}; on Debian: {CephServer.Install}. It was not run.");
            return 0;
        }

        Clear(options);
        if (options.Caches is BenchCaches.Cold)
        {
            // A container may have no right to it: better known before the sets are made.
            Disk.DropCaches();
        }

        var ours = new ModuleTool(options.Module ?? Repository.PackagedModule);
        var best = options.Tools.Contains(ours.Name, StringComparer.Ordinal) && ours.Knows("Start-CustomerBackup", "Compression") ? new ModuleTool(options.Module ?? Repository.PackagedModule, "Best") : null;
        var tools = Installed([new ResticTool(), new BorgTool(), ours], options);
        if (tools.Count == 0)
        {
            return 0;
        }

        var sets = new SampleSets(options);
        var figures = new List<Figure>();
        foreach (var name in options.Sets)
        {
            var set = sets.Take(name);
            figures.AddRange(await new SideBySideRun(set, tools, name is "records" ? best : null, options).RunAsync());
        }

        if (options.Operations.Contains("start", StringComparer.Ordinal) && tools.Contains(ours))
        {
            figures.AddRange(await new StartUpRun(ours, options).RunAsync());
        }

        Console.WriteLine($"Side by side{(OverWhat(options) is { } over ? $", over {over}" : "")}. {Machine.Describe()}; {string.Join(", ", tools.Select(static tool => tool.FindVersion()))}; medians of {options.Rounds} round(s).");
        Console.WriteLine();
        new SideBySideReport(figures, tools).Print();
        ResultFile.Write("side-by-side", tools.ToDictionary(static tool => tool.Name, static tool => tool.FindVersion(), StringComparer.Ordinal), figures, OverWhat(options));
        if (!options.KeepsFolder)
        {
            Clear(options);
        }

        return 0;
    }

    private static string? OverWhat(BenchOptions options) => options switch
    {
        { Target: BenchTarget.Folder, Caches: BenchCaches.Warm } => null,
        { Caches: BenchCaches.Cold } => $"{OverStore(options)}, with cold caches",
        _ => OverStore(options),
    };

    private static string OverStore(BenchOptions options) => options switch
    {
        { Target: BenchTarget.Folder } => "a folder",
        { Delay.Ticks: 0 } => "S3 (Ceph on the same machine)",
        _ => $"S3 (Ceph on the same machine, {options.Delay.TotalMilliseconds:0} ms away)",
    };

    private static void Clear(BenchOptions options)
    {
        if (Path.Combine(options.Folder, "work") is var work && Directory.Exists(work))
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static List<BackupTool> Installed(IReadOnlyList<BackupTool> tools, BenchOptions options)
    {
        var installed = new List<BackupTool>();
        foreach (var tool in tools.Where(tool => options.Tools.Contains(tool.Name, StringComparer.Ordinal)))
        {
            if (options.Target is BenchTarget.S3 && !tool.ReachesBuckets)
            {
                Console.WriteLine($"{tool.Name} knows no buckets: it was not run.");
            }
            else if (tool.FindVersion() is null)
            {
                Console.WriteLine($"{tool.Name} is not installed: it was not run.");
            }
            else
            {
                installed.Add(tool);
            }
        }

        return installed;
    }
}
