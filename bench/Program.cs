using System.Globalization;
using SecureBackup.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (FormatException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

if (options.Subjects > 0)
{
    return await SubjectRuns.RunAsync(options);
}

if (options.Days > 0)
{
    return await new FirstFileRuns(options).RunAsync();
}

if (options.Keys > 0)
{
    return await KeyringRuns.RunAsync(options);
}

try
{
    var data = new DataSet(Path.Combine(options.Folder, "data"), options.Seed);
    Console.Error.WriteLine($"Making {options.SizeBytes >> 20} MiB in {options.Folder} …");
    data.Make(options.SizeBytes);
    using var runs = await WholeRuns.CreateAsync(data, options.Folder);

    // Both times have to lie before the run that looks at them, by more than the file system's tick.
    await Task.Delay(TimeSpan.FromSeconds(3));
    Console.Error.WriteLine("Measuring …");
    var first = await runs.FirstBackupAsync();
    var peak = Machine.PeakBytes();
    var unchanged = await runs.UnchangedBackupAsync();
    var restore = await runs.RestoreAsync();
    var verify = await runs.VerifyAsync();
    var wholePeak = Machine.PeakBytes();
    runs.RequireSame();
    var parts = new Parts().Measure(data);

    Print(first, unchanged, restore, verify);
    Console.WriteLine();
    PrintParts(parts, data.SizeBytes / first.TotalSeconds);
    Console.WriteLine();
    Console.WriteLine($"Peak memory: {peak >> 20} MiB after the first backup, {wholePeak >> 20} MiB after all runs.");
    return 0;

    void Print(params TimeSpan[] times)
    {
        string[] names = ["first backup", "backup without changes", "restore", "check of all data"];
        Console.WriteLine($"{Machine.Describe()}; {data.Files.Count:N0} files, {data.SizeBytes >> 20:N0} MiB, stored as {runs.StoredBytes >> 20:N0} MiB.");
        Console.WriteLine();
        Console.WriteLine("| run | seconds | MB/s of content |");
        Console.WriteLine("|---|--:|--:|");
        for (var i = 0; i < times.Length; i++)
        {
            Console.WriteLine($"| {names[i]} | {times[i].TotalSeconds:0.0} | {data.SizeBytes / times[i].TotalSeconds / 1e6:N0} |");
        }
    }
}
finally
{
    if (!options.KeepsFolder && Directory.Exists(options.Folder))
    {
        Directory.Delete(options.Folder, recursive: true);
    }
}

// One thread that did each part in turn would run at the harmonic sum: the measure of the whole.
static void PrintParts(IReadOnlyList<(string Name, double Rate)> parts, double whole)
{
    var together = 1 / parts.Sum(part => 1 / part.Rate);
    Console.WriteLine("| part alone, one thread | MB/s |");
    Console.WriteLine("|---|--:|");
    foreach (var (name, rate) in parts)
    {
        Console.WriteLine($"| {name} | {rate / 1e6:N0} |");
    }

    Console.WriteLine($"| all parts in turn | {together / 1e6:N0} |");
    Console.WriteLine($"| **first backup, whole** | **{whole / 1e6:N0}** ({whole / together:0.0} × one thread) |");
}
