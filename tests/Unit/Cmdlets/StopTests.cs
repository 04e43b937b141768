using SecureBackup.Tests.Unit.Shell;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class StopTests : IDisposable
{
    private const int BigFileBytes = 96 * 1024 * 1024;

    private readonly Workplace _place = new();

    public StopTests()
    {
        var random = new Random(20261123);
        var block = new byte[1024 * 1024];
        using var file = File.Create(Path.Combine(_place["crm"], "big.bin"));
        for (var written = 0; written < BigFileBytes; written += block.Length)
        {
            random.NextBytes(block);
            file.Write(block);
        }
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_stopped_backup_leaves_no_snapshot_and_a_vault_that_needs_no_repair()
    {
        // Stopped from within, by the first word that the engine's progress says: the work is certainly under way, and at that speed far from its end.
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $runner = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $null = $runner.AddScript({
                param($module, $place)
                Import-Module $module
                Start-CustomerBackup -LiteralPath "$place/crm" -Vault "$place/vault" -MaxBytesPerSecond 1MB
                'not stopped'
            }).AddArgument($env:SECUREBACKUP_MODULE).AddArgument("$PWD")
            $output = [Management.Automation.PSDataCollection[psobject]]::new()
            $running = $runner.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
            while ($runner.Streams.Progress.Count -eq 0 -and -not $running.IsCompleted) { $null = $running.AsyncWaitHandle.WaitOne(5) }
            $runner.Stop()
            "$($runner.InvocationStateInfo.State) $($output.Count)"
            @(Get-CustomerBackup -Vault ./vault).Count
            $resumed = Start-CustomerBackup ./crm -Vault ./vault
            "$($resumed.FileCount) $($resumed.Outcome)"
            (Test-CustomerBackup -Vault ./vault -ReadData).IsHealthy
            """);
        Assert.Equal(["Stopped 0", "0", "4 Succeeded", "True"], lines);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_shell_and_the_next_run_goes_on()
    {
        ShellProcess.SkipWhereNoneIsInterrupted();
        await _place.LinesAsync("$null = New-BackupVault ./vault");
        using (var shell = _place.Start("""
            foreach ($round in 1..1000) {
                "round $round"
                $null = Start-CustomerBackup ./crm -Vault ./vault -Force
            }
            """))
        {
            await shell.WaitForOutputAsync("round 2", TestContext.Current.CancellationToken);
            shell.Interrupt();
            var result = await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(130, result.ExitCode);
        }

        var lines = await _place.LinesAsync("""
            (Start-CustomerBackup ./crm -Vault ./vault).Outcome
            @(Test-CustomerBackup -Vault ./vault -All -ReadData).Where({ -not $_.IsHealthy }).Count
            """);
        Assert.Equal(["Succeeded", "0"], lines);
    }
}
