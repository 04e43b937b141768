using SecureBackup.Bench.Samples;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Bench.SideBySide;

/// <summary>What one run of one tool took.</summary>
/// <param name="RepositoryBytes">After the run.</param>
/// <param name="AddedBytes">By the run.</param>
internal sealed record Figure(string Set, string Operation, string Tool, int Round, double Seconds, double CpuSeconds, long PeakBytes, long RepositoryBytes, long AddedBytes);

/// <summary>
/// One data set, all tools in turn, round after round. Nothing is deleted while something is measured, nor shortly before: a file system that has just freed many inodes is slow to give out new ones. Every run
/// starts with clean disk buffers and ends with what it wrote on the disk, whether or not the tool flushes it itself.
/// </summary>
internal sealed class SideBySideRun(SampleSet set, IReadOnlyList<BackupTool> tools, BackupTool? best, BenchOptions options)
{
    private const int InsertedRows = 1_000;
    private const int SmallChanges = 30;

    /// <summary>
    /// ext4 passes over inodes that were freed in the last minute, or in the last six where their block of the table is to be written, which it soon is when files are made: 100,000 files were
    /// copied in 15.8 seconds for 4.1.
    /// </summary>
    private static readonly TimeSpan AfterDeleting = TimeSpan.FromSeconds(370);

    /// <summary>Three repositories and three restored trees, the disk's own two, and some room.</summary>
    private const int SetsPerRound = 9;

    private readonly List<Figure> _figures = [];
    private readonly string _all = Directory.CreateDirectory(Path.Combine(options.Folder, "work")).FullName;
    private string _work = string.Empty;
    private Uri? _endpoint;

    internal async Task<IReadOnlyList<Figure>> RunAsync()
    {
        for (var round = 1; round <= options.Rounds; round++)
        {
            await BeginAsync(round);
            Console.Error.WriteLine($"{set.Name}, round {round} of {options.Rounds}: {set.Files.Count:N0} files, {set.SizeBytes / 1e6:N0} MB");
            set.Warm();
            var changes = new SampleChanges(set);
            await using var server = options.Target is BenchTarget.S3 ? await CephServer.StartAsync() : null;
            await using var line = server is not null && options.Delay > TimeSpan.Zero ? new DelayedLine(server.Endpoint, options.Delay) : null;
            _endpoint = line?.Endpoint ?? server?.Endpoint;
            try
            {
                await RunRoundAsync(round, changes, server);
            }
            finally
            {
                changes.TakeBack();
            }
        }

        return _figures;
    }

    private async Task RunRoundAsync(int round, SampleChanges changes, CephServer? server)
    {
        // Each round begins with another tool, so that none is always the one that comes first.
        var turn = new List<(BackupTool Tool, ToolPlace Place)>();
        foreach (var tool in tools.Skip(round % tools.Count).Concat(tools.Take(round % tools.Count)))
        {
            turn.Add((tool, await PlaceOfAsync(tool, server)));
        }

        MeasureDisk("first", round);
        await EachAsync(turn, "first", round, static (tool, place, folder) => tool.BackUp(place, folder));
        if (best is not null && Wants("first"))
        {
            await EachAsync([(best, await PlaceOfAsync(best, server))], "first", round, static (tool, place, folder) => tool.BackUp(place, folder));
        }

        await EachAsync(turn, "unchanged", round, static (tool, place, folder) => tool.BackUp(place, folder));
        if (Wants("changed"))
        {
            changes.Edit(0.01, round);
            await EachAsync(turn, "changed", round, static (tool, place, folder) => tool.BackUp(place, folder));
        }

        if (Wants("inserted") && string.Equals(set.Name, "records", StringComparison.Ordinal))
        {
            changes.InsertRows(InsertedRows);
            await EachAsync(turn, "inserted", round, static (tool, place, folder) => tool.BackUp(place, folder));
        }

        await RestoreAsync(turn, round);
        await EachAsync(turn, "check", round, static (tool, place, _) => tool.Check(place));
        if (round == options.Rounds && Wants("prune") && server is null)
        {
            await PruneAsync(turn, round, changes);
        }
    }

    private async Task<ToolPlace> PlaceOfAsync(BackupTool tool, CephServer? server)
    {
        var place = new ToolPlace(Path.Combine(_work, tool.Name), server is null ? null : await StoreBucket.CreateAsync(server, _endpoint!));
        MeasuredProcess.Run(tool.Create(place), tool.EnvironmentOf(place));
        return place;
    }

    private async Task EachAsync(IReadOnlyList<(BackupTool Tool, ToolPlace Place)> turn, string operation, int round, Func<BackupTool, ToolPlace, string, ToolCommand> command)
    {
        // Later operations lean on the first.
        if (Wants(operation) || string.Equals(operation, "first", StringComparison.Ordinal))
        {
            foreach (var (tool, place) in turn)
            {
                await MeasureAsync(tool, place, operation, round, [new ToolStep(command(tool, place, set.Folder))], place.Folder);
            }
        }
    }

    private async Task RestoreAsync(IReadOnlyList<(BackupTool Tool, ToolPlace Place)> turn, int round)
    {
        if (!Wants("restore"))
        {
            return;
        }

        MeasureDisk("restore", round);
        foreach (var (tool, place) in turn)
        {
            var destination = Directory.CreateDirectory(Path.Combine(place.Folder, "restored")).FullName;
            await MeasureAsync(tool, place, "restore", round, [new ToolStep(tool.Restore(place, set.Folder, destination))], destination);
            if (round == 1)
            {
                RestoredTree.RequireSame(set, destination);
            }
        }
    }

    private async Task PruneAsync(IReadOnlyList<(BackupTool Tool, ToolPlace Place)> turn, int round, SampleChanges changes)
    {
        for (var day = 0; day < SmallChanges; day++)
        {
            changes.Edit(0.001, 1000 + day);
            foreach (var (tool, place) in turn)
            {
                MeasuredProcess.Run(tool.BackUp(place, set.Folder), tool.EnvironmentOf(place));
            }
        }

        foreach (var (tool, place) in turn)
        {
            await MeasureAsync(tool, place, "prune", round, tool.Prune(place), place.Folder);
        }
    }

    private bool Wants(string operation) => options.Operations.Contains(operation, StringComparer.Ordinal);

    private async Task MeasureAsync(BackupTool tool, ToolPlace place, string operation, int round, IReadOnlyList<ToolStep> steps, string written)
    {
        var before = await place.SumBytesAsync();
        var sum = new Measure(0, 0, 0);
        foreach (var step in steps)
        {
            step.Unmeasured?.Invoke();
            if (step.Command is not null)
            {
                BringDiskInto(options.Caches);
                sum = sum.Then(MeasuredProcess.Run(step.Command, tool.EnvironmentOf(place))).Then(Disk.Flush(written));
            }
        }

        var after = await place.SumBytesAsync();
        Add(new Figure(set.Name, operation, tool.Name, round, sum.Seconds, sum.CpuSeconds, sum.PeakBytes, after, after - before));
    }

    /// <summary>What no program can go below that stores or restores what does not compress; and for what does, a plain copy to compare a restore with.</summary>
    private void MeasureDisk(string operation, int round)
    {
        var isDense = string.Equals(set.Name, "media", StringComparison.Ordinal);
        if (!Wants(operation) || (!isDense && !string.Equals(operation, "restore", StringComparison.Ordinal)))
        {
            return;
        }

        var place = Path.Combine(_work, $"written-{operation}");
        BringDiskInto(options.Caches);
        var seconds = isDense ? Disk.Write(set.Files, place) : Disk.Copy(set.Folder, set.Files, place);
        Add(new Figure(set.Name, operation, Disk.Name, round, seconds, 0, 0, set.SizeBytes, set.SizeBytes));
    }

    private static void BringDiskInto(BenchCaches caches)
    {
        Disk.FlushAll();
        if (caches is BenchCaches.Cold)
        {
            Disk.DropCaches();
        }
    }

    private void Add(Figure figure)
    {
        _figures.Add(figure);
        Console.Error.WriteLine($"  {figure.Operation,-10} {figure.Tool,-12} {figure.Seconds,7:0.00} s  cpu {figure.CpuSeconds,6:0.0} s  {figure.PeakBytes >> 20,5} MiB  {figure.AddedBytes / 1e6:+0.0;-0.0} MB");
    }

    /// <summary>A folder of the round's own; what earlier rounds left goes only where the disk has no room for both.</summary>
    private async Task BeginAsync(int round)
    {
        if (new DriveInfo(_all).AvailableFreeSpace < SetsPerRound * set.SizeBytes && Directory.EnumerateFileSystemEntries(_all).Any())
        {
            Console.Error.WriteLine($"Making room, and waiting {AfterDeleting.TotalSeconds:0} s for the file system …");
            Directory.Delete(_all, recursive: true);
            Disk.FlushAll();
            await Task.Delay(AfterDeleting);
        }

        _work = Directory.CreateDirectory(Path.Combine(_all, $"{set.Name}-{round}")).FullName;
    }
}
