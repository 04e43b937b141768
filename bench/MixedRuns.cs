namespace SecureBackup.Bench;

/// <summary>The mixed data set through the engine, in this process: a quick look at what a change did.</summary>
internal static class MixedRuns
{
    internal static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            var data = new DataSet(Path.Combine(options.Folder, "data"), options.Seed);
            Console.Error.WriteLine($"Making {options.SizeBytes >> 20} MiB in {options.Folder} …");
            data.Make(options.SizeBytes);
            using var runs = await WholeRuns.CreateAsync(data.Folder, data.Files, options.Folder);

            // Both times have to lie before the run that looks at them, by more than the file system's tick.
            await Task.Delay(TimeSpan.FromSeconds(3));
            Console.Error.WriteLine("Measuring …");
            var first = await runs.FirstBackupAsync();
            var peak = Machine.PeakBytes();
            (string Run, TimeSpan Time)[] times =
                [("first backup", first), ("backup without changes", await runs.UnchangedBackupAsync()), ("restore", await runs.RestoreAsync()), ("check of all data", await runs.VerifyAsync())];
            var wholePeak = Machine.PeakBytes();
            runs.RequireSame();
            Console.WriteLine($"{Machine.Describe()}; {data.Files.Count:N0} files, {data.SizeBytes >> 20:N0} MiB, stored as {runs.First!.BytesStored >> 20:N0} MiB.");
            Console.WriteLine();
            var table = new TextTable(["run", "seconds", "MB/s of content"]);
            foreach (var (run, time) in times)
            {
                table.Add([run, $"{time.TotalSeconds:0.0}", $"{data.SizeBytes / time.TotalSeconds / 1e6:N0}"]);
            }

            table.Print();
            Console.WriteLine($"Peak memory: {peak >> 20} MiB after the first backup, {wholePeak >> 20} MiB after all runs.");
            return 0;
        }
        finally
        {
            if (!options.KeepsFolder && Directory.Exists(options.Folder))
            {
                Directory.Delete(options.Folder, recursive: true);
            }
        }
    }
}
