using System.Globalization;

namespace SecureBackup.Bench.SideBySide;

/// <summary>Medians over the rounds, and ratios of them: how many times as long the peer takes.</summary>
internal sealed class SideBySideReport(IReadOnlyList<Figure> figures, IReadOnlyList<BackupTool> tools)
{
    internal void Print()
    {
        PrintOperations();
        PrintDisk();
        PrintBest();
        PrintStart();
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private void PrintOperations()
    {
        string[] names = [.. tools.Select(static tool => tool.Name)];
        string[] peers = [.. names.Where(static name => !string.Equals(name, "ours", StringComparison.Ordinal))];
        var table = new TextTable(
            ["data", "operation", .. names.Select(static name => $"{name} s"), .. peers.Select(static peer => $"{peer} ÷ ours"), .. names.Select(static name => $"{name} CPU s"), .. names.Select(static name => $"{name} MiB"), .. names.Select(static name => $"{name} stored MB")]);
        foreach (var group in figures.Where(static figure => !string.Equals(figure.Set, StartUpRun.Set, StringComparison.Ordinal)).GroupBy(static figure => (figure.Set, figure.Operation)))
        {
            string Of(string tool, Func<Figure, double> value, string format) => MedianOf(group, tool, value) is { } median ? Text(median, format) : "–";
            table.Add(
            [
                group.Key.Set, group.Key.Operation, .. names.Select(name => Of(name, static figure => figure.Seconds, "0.00")), .. peers.Select(peer => Ratio(group, peer, "ours")),
                .. names.Select(name => Of(name, static figure => figure.CpuSeconds, "0.0")), .. names.Select(name => Of(name, static figure => figure.PeakBytes / 1048576.0, "0")), .. names.Select(name => Stored(group, name)),
            ]);
        }

        table.Print();
    }

    private static double? MedianOf(IEnumerable<Figure> group, string tool, Func<Figure, double> value)
    {
        var values = group.Where(figure => string.Equals(figure.Tool, tool, StringComparison.Ordinal)).Select(value).ToList();
        return values.Count == 0 ? null : Median(values);
    }

    private static string Ratio(IEnumerable<Figure> group, string of, string to) =>
        MedianOf(group, of, static figure => figure.Seconds) / MedianOf(group, to, static figure => figure.Seconds) is { } ratio ? $"**{Text(ratio, "0.00")}**" : "–";

    /// <summary>The whole repository after the first backup, what came to it after a later one.</summary>
    private static string Stored(IGrouping<(string Set, string Operation), Figure> group, string tool) => group.Key.Operation switch
    {
        "restore" or "check" => string.Empty,
        "first" => MedianOf(group, tool, static figure => figure.RepositoryBytes / 1e6) is { } whole ? Text(whole, "0") : "–",
        _ => MedianOf(group, tool, static figure => figure.AddedBytes / 1e6) is { } added ? Text(added, "+0.00;-0.00") : "–",
    };

    private void PrintDisk()
    {
        var table = new TextTable(["data", "operation", "disk s", "ours s", "ours ÷ disk"]);
        foreach (var group in figures.GroupBy(static figure => (figure.Set, figure.Operation)))
        {
            if (MedianOf(group, Disk.Name, static figure => figure.Seconds) is { } disk && MedianOf(group, "ours", static figure => figure.Seconds) is { } ours)
            {
                table.Add([group.Key.Set, group.Key.Operation, Text(disk, "0.00"), Text(ours, "0.00"), Text(ours / disk, "0.00")]);
            }
        }

        table.Print();
    }

    private void PrintBest()
    {
        var table = new TextTable(["data", "operation", "seconds", "restic ÷ this", "stored MB"]);
        foreach (var group in figures.Where(static figure => figure.Operation is "first").GroupBy(static figure => (figure.Set, figure.Operation)))
        {
            if (MedianOf(group, "ours, Best", static figure => figure.Seconds) is { } seconds)
            {
                table.Add([group.Key.Set, "first, -Compression Best", Text(seconds, "0.00"), Ratio(group, "restic", "ours, Best"), Stored(group, "ours, Best")]);
            }
        }

        table.Print();
    }

    private void PrintStart()
    {
        var table = new TextTable(["start-up", "ms", "beyond the row above"]);
        double? above = null;
        foreach (var group in figures.Where(static figure => string.Equals(figure.Set, StartUpRun.Set, StringComparison.Ordinal)).GroupBy(static figure => figure.Operation, StringComparer.Ordinal))
        {
            var median = 1000 * Median(group.Select(static figure => figure.Seconds));
            table.Add([group.Key, Text(median, "0"), above is null ? string.Empty : Text(median - above.Value, "0")]);
            above = median;
        }

        table.Print();
    }
}
