using System.Text.Json;
using SecureBackup.Bench.SideBySide;

namespace SecureBackup.Bench.Scale;

/// <summary>Part 3: the index and the listing as they grow, each step in a process of its own.</summary>
internal sealed class ScalePart(BenchOptions options)
{
    private const int Million = 1_000_000;

    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    private readonly string _folder = Path.Combine(options.Folder, "scale");
    private readonly List<(string Step, ScaleFigure Figure)> _figures = [];

    internal int Run()
    {
        foreach (var millions in options.ChunkMillions.Order())
        {
            var (folder, count) = (Path.Combine(_folder, "index"), (long)millions * Million);
            Console.Error.WriteLine($"The index of {millions:N0} million chunks …");
            Probe("grow", folder, count);
            Measure($"{millions} million chunks", "backup", folder, count);
            Measure($"{millions} million chunks", "restore", folder, count);
        }

        foreach (var millions in options.EntryMillions.Order())
        {
            var (folder, count) = (Path.Combine(_folder, $"listing-{millions}"), (long)millions * Million);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            Console.Error.WriteLine($"The listing of {millions:N0} million entries …");
            foreach (var kind in new[] { "list", "again", "browse" })
            {
                Measure($"{millions} million entries", kind, folder, count);
            }
        }

        Print();
        ResultFile.Write("scale", Nothing, _figures.Select(static item => new { item.Step, item.Figure }));
        if (!options.KeepsFolder)
        {
            Directory.Delete(_folder, recursive: true);
        }

        return 0;
    }

    private void Measure(string step, string kind, string folder, long count)
    {
        foreach (var line in Probe(kind, folder, count).Split('\n').Where(static line => line.StartsWith(ScaleProbe.Mark, StringComparison.Ordinal)))
        {
            var figure = JsonSerializer.Deserialize<ScaleFigure>(line[ScaleProbe.Mark.Length..])!;
            Console.Error.WriteLine($"  {figure.What,-36} {figure.Seconds,8:0.00} s  {figure.PerSecond,12:N0} /s  {figure.PeakBytes >> 20,5} MiB");
            _figures.Add((step, figure));
        }
    }

    private static string Probe(string kind, string folder, long count)
    {
        MeasuredProcess.Run(new ToolCommand("dotnet", [typeof(ScalePart).Assembly.Location, "--probe", kind, "--folder", folder, "--count", $"{count}"]), Nothing, out var said);
        return said;
    }

    private void Print()
    {
        Console.WriteLine($"Scale. {Machine.Describe()}.");
        Console.WriteLine();
        var table = new TextTable(["vault", "what", "seconds", "a second", "peak MiB so far"]);
        foreach (var (step, figure) in _figures)
        {
            table.Add([step, figure.What, $"{figure.Seconds:0.00}", figure.PerSecond > 0 ? $"{figure.PerSecond:N0}" : string.Empty, $"{figure.PeakBytes >> 20}"]);
        }

        table.Print();
    }
}
