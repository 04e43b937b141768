namespace SecureBackup.Bench.SideBySide;

/// <summary>What starting costs: an empty shell, the module imported into it, and a vault of a thousand snapshots listed.</summary>
internal sealed class StartUpRun(ModuleTool tool, BenchOptions options)
{
    private const int Snapshots = 1_000;
    private const int MinRounds = 7;

    internal const string Set = "start";

    internal async Task<IReadOnlyList<Figure>> RunAsync()
    {
        Console.Error.WriteLine($"start-up: making a vault of {Snapshots:N0} snapshots");
        var place = new ToolPlace(Path.Combine(options.Folder, "work", "thousand"));
        await new DailyVault(place.Folder, place.Repository, place.KeyFile).MakeAsync(Snapshots);
        (string Operation, ToolCommand Command)[] runs = [("empty process", ModuleTool.Nothing()), ("with the module", tool.ImportAlone()), ("and 1,000 snapshots listed", tool.List(place))];
        var environment = tool.EnvironmentOf(place);
        var figures = new List<Figure>();
        for (var round = 0; round <= Math.Max(options.Rounds, MinRounds); round++)
        {
            foreach (var (operation, command) in runs)
            {
                var measure = MeasuredProcess.Run(command, environment);

                // The first of each warms the page cache.
                if (round > 0)
                {
                    figures.Add(new Figure(Set, operation, tool.Name, round, measure.Seconds, measure.CpuSeconds, measure.PeakBytes, 0, 0));
                }
            }
        }

        return figures;
    }
}
