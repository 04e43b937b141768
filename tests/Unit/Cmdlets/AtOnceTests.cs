namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Two collections at once, beside a backup and a restore, each a process of its own on one folder.</summary>
public sealed class AtOnceTests : IDisposable
{
    private const int MiB = 1024 * 1024;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Two_collections_a_backup_and_a_restore_at_once_harm_nothing()
    {
        WriteMany("old", 0, 6);
        await BackUpAsync("$null = New-BackupVault ./vault");
        DeleteMany("old");
        WriteMany("mixed", 100, 20);
        await BackUpAsync();
        DeleteMany("mixed");
        WriteMany("mixed", 100, 4);
        await BackUpAsync();
        await _place.LinesAsync("Get-CustomerBackup -Vault ./vault | Where-Object { $_.FileCount -ne 7 } | Remove-CustomerBackup -Vault ./vault -Reason 'test' -Confirm:$false");
        Age(TimeSpan.FromDays(3));
        var begun = await _place.LinesAsync("$r = Optimize-BackupVault -Vault ./vault -MaxUnusedPercent 20 -Confirm:$false; \"$($r.PacksCondemned -gt 0) $($r.PacksChosen -gt 0)\"");
        Assert.Equal(["True True"], begun);
        Age(TimeSpan.FromHours(30));

        // What the marker condemned is due now; the backup brings some of it back. A day and a half later the packs go that compaction left.
        var done = new List<string>();
        for (var round = 0; round < 2; round++)
        {
            WriteMany("old", 0, 3 + round);
            done.AddRange(await AtOnceAsync(round));
            Age(TimeSpan.FromHours(30));
        }

        Assert.Contains(done, static line => line.EndsWith("deleted", StringComparison.Ordinal) && !line.StartsWith("0 ", StringComparison.Ordinal));
        Assert.Contains(done, static line => line.EndsWith("compacted", StringComparison.Ordinal) && !line.StartsWith("0 ", StringComparison.Ordinal));
        var lines = await _place.LinesAsync("""
            $reports = @(Test-CustomerBackup -All -ReadData -Vault ./vault -WarningVariable warned)
            "$($reports.Count) $(@($reports.Where({ -not $_.IsHealthy })).Count) $($warned.Count)"
            "$((Restore-CustomerBackup -Destination ./last -Vault ./vault).FileCount)"
            """);
        Assert.Equal(["3 0 0", "11"], lines);
        foreach (var file in Directory.EnumerateFiles(_place["crm"], "*.bin"))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_place[$"last/crm/{Path.GetFileName(file)}"]));
        }
    }

    private async Task<IReadOnlyList<string>> AtOnceAsync(int round)
    {
        const string collect = """
            foreach ($i in 1..2) {
                $r = Optimize-BackupVault -Vault ./vault -MaxUnusedPercent 20 -Confirm:$false
                "$($r.PacksDeleted) deleted"; "$($r.PacksCompacted) compacted"
            }
            """;
        string[] scripts =
        [
            collect,
            collect,
            "(Start-CustomerBackup ./crm -Vault ./vault -SkipGate All).Outcome",
            $"foreach ($i in 1..2) {{ \"$((Restore-CustomerBackup -Destination \"./back-{round}-$i\" -Vault ./vault).Faults.Count) faults\" }}",
        ];
        var running = scripts.Select(_place.Start).ToList();
        try
        {
            var ended = await Task.WhenAll(running.Select(static process => process.WaitForExitAsync(TestContext.Current.CancellationToken)));
            Assert.Equal(["Succeeded"], ended[2].ShouldSucceed().OutputLines);
            Assert.Equal(["0 faults", "0 faults"], ended[3].ShouldSucceed().OutputLines);
            return [.. ended[..2].SelectMany(static result => result.ShouldSucceed().OutputLines)];
        }
        finally
        {
            running.ForEach(static process => process.Dispose());
        }
    }

    private Task<IReadOnlyList<string>> BackUpAsync(string first = "") => _place.LinesAsync($"{first}; $null = Start-CustomerBackup ./crm -Vault ./vault -SkipGate All");

    private void WriteMany(string name, int seed, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var bytes = new byte[MiB];
            new Random(seed + i).NextBytes(bytes);
            File.WriteAllBytes(_place[$"crm/{name}-{i:D2}.bin"], bytes);
        }
    }

    private void DeleteMany(string name)
    {
        foreach (var file in Directory.GetFiles(_place["crm"], $"{name}-*.bin"))
        {
            File.Delete(file);
        }
    }

    /// <summary>A folder's clock is the dates of its files: all of them become older.</summary>
    private void Age(TimeSpan by)
    {
        foreach (var file in Directory.EnumerateFiles(_place["vault"], "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file) - by);
        }
    }
}
