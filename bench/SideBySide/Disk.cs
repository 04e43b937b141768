using System.Diagnostics;

namespace SecureBackup.Bench.SideBySide;

/// <summary>The disk alone, and the flushes that make the tools alike.</summary>
internal static class Disk
{
    internal const string Name = "disk";

    private const int BlockBytes = 1 << 20;

    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    internal static void FlushAll() => MeasuredProcess.Run(new ToolCommand("sync", []), Nothing);

    /// <summary>Has the system forget all files that are on the disk: contents, folders and what lies where.</summary>
    internal static void DropCaches() => File.WriteAllText("/proc/sys/vm/drop_caches", "3");

    /// <summary>Brings the file system of a folder to the disk. Its processor time is nobody's.</summary>
    internal static Measure Flush(string folder) => MeasuredProcess.Run(new ToolCommand("sync", ["-f", folder]), Nothing) with { CpuSeconds = 0, PeakBytes = 0 };

    /// <summary>Copies files one behind the other into one, as dd does, and flushes it.</summary>
    /// <returns>Seconds.</returns>
    internal static double Write(IReadOnlyList<string> files, string destination)
    {
        var block = new byte[BlockBytes];
        var watch = Stopwatch.StartNew();
        using var to = File.OpenHandle(destination, FileMode.CreateNew, FileAccess.Write);
        long written = 0;
        foreach (var path in files)
        {
            using var from = File.OpenHandle(path);
            for (long offset = 0; RandomAccess.Read(from, block, offset) is var count and > 0; offset += count)
            {
                RandomAccess.Write(to, block.AsSpan(0, count), written);
                written += count;
            }
        }

        RandomAccess.FlushToDisk(to);
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>Copies files into an empty folder, by all cores and with nothing but what that takes, and flushes them.</summary>
    /// <returns>Seconds.</returns>
    internal static double Copy(string folder, IReadOnlyList<string> files, string destination)
    {
        var watch = Stopwatch.StartNew();
        foreach (var path in files.Select(Path.GetDirectoryName).Distinct(StringComparer.Ordinal))
        {
            Directory.CreateDirectory(Path.Combine(destination, Path.GetRelativePath(folder, path!)));
        }

        Parallel.ForEach(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            static () => new byte[BlockBytes],
            (path, _, block) =>
            {
                using var from = File.OpenHandle(path);
                using var to = File.OpenHandle(Path.Combine(destination, Path.GetRelativePath(folder, path)), FileMode.CreateNew, FileAccess.Write);
                for (long offset = 0; RandomAccess.Read(from, block, offset) is var count and > 0; offset += count)
                {
                    RandomAccess.Write(to, block.AsSpan(0, count), offset);
                }

                return block;
            },
            static _ => { });
        Flush(destination);
        return watch.Elapsed.TotalSeconds;
    }
}
