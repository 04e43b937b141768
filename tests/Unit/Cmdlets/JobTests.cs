using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class JobTests : IDisposable
{
    /// <summary>So slow that a job of it never ends by itself before a test has looked.</summary>
    private const string Slow = "-MaxBytesPerSecond 1KB";

    private readonly Workplace _place = new();

    public JobTests()
    {
        var bytes = new byte[1024 * 1024];
        new Random(20261125).NextBytes(bytes);
        Directory.CreateDirectory(_place["big"]);
        File.WriteAllBytes(_place["big/noise.bin"], bytes);
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_job_runs_also_when_the_pipeline_ends_with_it()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            do { Start-CustomerBackup ./crm -Vault ./vault -AsJob | ForEach-Object { $job = $_; break } } while ($false)
            ($job | Wait-Job -Timeout 60).State
            """);
        Assert.Equal(["Completed"], lines);
    }

    [Fact]
    public async Task A_job_gives_what_the_cmdlet_would_have_given()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $job = Start-CustomerBackup ./crm -Vault ./vault -AsJob
            "$($job.GetType().Name) $($job -is [Management.Automation.Job]) $($job.PSJobTypeName) $((Get-Job).Id -eq $job.Id)"
            $snapshot = $job | Wait-Job | Receive-Job -Keep
            "$($job.State) $($job.HasMoreData) $($job.ChildJobs[0].State)"
            "$($snapshot.GetType().Name) $($snapshot.DataSet) $($snapshot.ExitCode)"
            $job.ChildJobs[0].Progress[-1].Activity
            $null -ne $job.PSBeginTime -and $job.PSEndTime -ge $job.PSBeginTime
            (Receive-Job $job).Id -eq $snapshot.Id
            "$($job.HasMoreData) $(@(Receive-Job $job).Count)"
            Remove-Job $job
            @(Get-Job).Count
            $restore = Get-CustomerBackup -Vault ./vault | Restore-CustomerBackup -Destination ./back -AsJob | Wait-Job | Receive-Job
            $test = Test-CustomerBackup -Vault ./vault -ReadData -AsJob | Wait-Job | Receive-Job
            "$($restore.FileCount) $($restore.ExitCode) $($test.IsHealthy) $([IO.File]::Exists("$PWD/back/crm/customers.csv"))"
            """);
        Assert.Equal(
            ["BackupJob True BackupJob True", "Completed True Completed", "CustomerBackup crm 0", "Backing up crm", "True", "True", "False 0", "0", "3 0 True True"], lines);
    }

    [Fact]
    public async Task What_ends_the_work_fails_the_job_and_stands_in_its_errors()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $job = Restore-CustomerBackup -Snapshot ffffffff -Destination ./back -Vault ./vault -AsJob | Wait-Job
            $job.State
            Receive-Job $job -ErrorAction SilentlyContinue -ErrorVariable problems
            "$($problems.Count) $($problems[0].FullyQualifiedErrorId.Split(',')[0]) $($problems[0].CategoryInfo.Category)"
            """);
        Assert.Equal(["Failed", $"1 {FaultCodes.NoSuchSnapshot} ResourceUnavailable"], lines);
    }

    [Fact]
    public async Task Everything_is_asked_and_checked_before_a_job_begins()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            @(Start-CustomerBackup ./crm -Vault ./vault -AsJob -WhatIf).Count
            Get-ErrorId { Start-CustomerBackup ./none -Vault ./vault -AsJob }
            Get-ErrorId { Start-CustomerBackup ./crm -Vault ./mail -AsJob }
            $env:SECUREBACKUP_PASSPHRASE = $null
            Get-ErrorId { Start-CustomerBackup ./crm -Vault ./vault -AsJob }
            @(Get-Job).Count
            """);
        Assert.Equal(["0", $"{FaultCodes.SourceRootMissing}", $"{FaultCodes.NotAVault}", $"{FaultCodes.NoKeyGiven}", "0"], lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_stopped_job_has_ended_when_the_stop_returns_and_left_no_snapshot()
    {
        var lines = await _place.LinesAsync($$"""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $job = Start-CustomerBackup ./big -AsJob {{Slow}}
            while ($job.ChildJobs[0].Progress.Count -eq 0) { $null = $job.Finished.WaitOne(5) }
            $job.State
            Stop-Job $job
            "$($job.State) $($job.ChildJobs[0].State) $(@(Receive-Job $job).Count) $($job.ChildJobs[0].Error.Count)"
            @(Get-CustomerBackup).Count
            $again = Start-CustomerBackup ./big -AsJob {{Slow}}
            Remove-Job $again -Force
            @(Get-Job).Count
            (Start-CustomerBackup ./big).Outcome
            """);
        Assert.Equal(["Running", "Stopped Stopped 0 0", "0", "1", "Succeeded"], lines);
    }

    [Fact]
    public async Task Several_jobs_share_a_connected_vault_and_outlast_its_disconnection()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $jobs = @(foreach ($name in 'crm', 'mail', 'big') { Start-CustomerBackup "./$name" -AsJob -MaxBytesPerSecond 1MB -Priority Low })
            Disconnect-BackupVault
            Get-ErrorId { Get-CustomerBackup }
            $results = $jobs | Wait-Job | Receive-Job
            [Linq.Enumerable]::Order([string[]] $results.DataSet) -join ' '
            $jobs.State -join ' '
            @(Test-CustomerBackup -Vault ./vault -ReadData).IsHealthy -join ' '
            """);
        Assert.Equal([$"{FaultCodes.NoVaultGiven}", "big crm mail", "Completed Completed Completed", "True True True"], lines);
    }

    /// <summary>The count of those who keep a connected vault open is looked at itself: that keys are still in memory shows nowhere else.</summary>
    [Theory]
    [InlineData("& { '7'; throw 'no more' } | Export-CustomerData -Path ./package -AsJob", "no more")]
    [InlineData("foreach ($once in 1) { & { '7'; '8'; break } | Export-CustomerData -Path ./package -AsJob }", "ended")]
    public async Task A_pipeline_that_ends_before_its_job_leaves_nothing_open(string pipeline, string end)
    {
        var lines = await _place.LinesAsync($$"""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $flags = [Reflection.BindingFlags] 'Public, NonPublic, Static, Instance'
            $vaults = (Get-Command Connect-BackupVault).ImplementingType.Assembly.GetType('SecureBackup.PowerShell.Binding.RunspaceVaults').GetProperty('Current', $flags).GetValue($null)
            $connected = $vaults.GetType().GetMethod('RequireSingle', $flags).Invoke($vaults, @())
            $users = $connected.GetType().GetField('_users', $flags)
            try { {{pipeline}}; 'ended' } catch { "$_" }
            $users.GetValue($connected)
            @(Get-Job).Count
            Disconnect-BackupVault
            $users.GetValue($connected)
            """);
        Assert.Equal([end, "1", "0", "0"], lines);
    }

    [Fact]
    public async Task Each_vault_is_a_child_of_one_job()
    {
        var lines = await _place.LinesAsync("""
            foreach ($name in 'one', 'two') { $null = New-BackupVault "./$name"; $null = Start-CustomerBackup ./crm -Vault "./$name" }
            $job = 'one', 'two' | ForEach-Object { Get-CustomerBackup -Vault "./$_" } | Test-CustomerBackup -AsJob | Wait-Job
            @($job.ChildJobs).ForEach({ [IO.Path]::GetFileName($_.Location) }) -join ' '
            @(Receive-Job $job).IsHealthy -join ' '
            """);
        Assert.Equal(["one two", "True True"], lines);
    }

    [Fact]
    public async Task The_end_of_a_session_ends_its_jobs()
    {
        var lines = await _place.LinesAsync($$"""
            $null = New-BackupVault ./vault
            $space = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateDefault2())
            $space.Open()
            $shell = [powershell]::Create()
            $shell.Runspace = $space
            $null = $shell.AddScript({
                param($module, $place)
                Import-Module $module
                $null = Connect-BackupVault "$place/vault"
                Start-CustomerBackup -LiteralPath "$place/big" -AsJob {{Slow}}
            }).AddArgument($env:SECUREBACKUP_MODULE).AddArgument("$PWD")
            $job = $shell.Invoke()[0]
            $job.State
            $space.Close()
            $job.State
            @(Get-CustomerBackup -Vault ./vault).Count
            """);
        Assert.Equal(["Running", "Stopped", "0"], lines);
    }
}
