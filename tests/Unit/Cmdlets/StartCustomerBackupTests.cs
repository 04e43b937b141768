using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class StartCustomerBackupTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_backup_tells_what_it_did_and_the_next_one_stores_only_what_is_new()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $first = Start-CustomerBackup -Vault ./vault -Path ./crm -Tag nightly, b
            "$($first.DataSet) $($first.FileCount) $($first.Run.FilesNew) $($first.Outcome) $($first.ExitCode) $($first.FaultCount) $($first.Tags -join '+')"
            $second = Start-CustomerBackup -Vault ./vault -Path ./crm -Force
            "$($second.Run.ChunksKnown -gt 0) $($second.Run.BytesRead -eq $first.Run.BytesRead) $($second.Run.BytesStored -lt $first.Run.BytesStored) $($second.FileCount)"
            $both = Start-CustomerBackup -Vault ./vault -Path ./crm, ./mail
            "$($both.DataSet) $($both.FileCount)"
            $traffic = $both.Run.Traffic
            "$($traffic.Puts -gt 3) $($traffic.BytesSent -gt $both.Run.BytesStored) $($traffic.Retries) $($traffic.Requests -eq $traffic.Puts + $traffic.Gets + $traffic.Stats + $traffic.Lists + $traffic.Deletes + $traffic.Others)"
            "$traffic" -replace '\d[\d,.]*', 'n' -replace 'n \w?i?B', 'size'
            """);
        Assert.Equal(
            ["crm 3 3 Succeeded 0 0 b+nightly", "True True True 3", "default 4", "True True 0 True", "n requests (n put, n get, n stat, n list, n delete, n other; n repeated), size sent, size received"],
            lines);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_stored_and_leaves_nothing_in_the_vault_or_on_the_host()
    {
        var lines = await _place.LinesAsync("""
            function Get-Picture { @('vault', 'cache').ForEach({ [IO.Directory]::GetFiles("$PWD/$_", '*', 'AllDirectories') }).ForEach({ "$_ $([IO.File]::GetLastWriteTimeUtc($_).Ticks)" }) -join '|' }
            $null = New-BackupVault ./vault
            $before = Get-Picture
            $dry = Start-CustomerBackup -Vault ./vault -Path ./crm -DryRun
            "$($dry.IsDryRun) $($dry.FileCount) $($dry.Run.FilesNew) $($dry.Run.Traffic.Puts) $((Get-Picture) -eq $before)"
            $real = Start-CustomerBackup -Vault ./vault -Path ./crm
            "$($real.IsDryRun) $($null -eq $real.Run.WouldSend) $($real.Run.BytesStored -eq $dry.Run.WouldSend.PackBytes) $($dry.Run.WouldSend.Packs -gt 0)"
            $null = Connect-BackupVault ./vault
            $before = Get-Picture
            $again = 1..3 | ForEach-Object { [pscustomobject]@{ Id = $_ } } | Start-CustomerBackup -DataSet members -SubjectProperty Id -DryRun
            "$($again.IsDryRun) $($again.RecordCount) $($again.Run.WouldSend.Objects -gt 3) $((Get-Picture) -eq $before) $(@(Get-CustomerBackup).Count)"
            """);
        Assert.Equal(["True 3 3 0 True", "False True True True", "True 3 True True 1"], lines);
    }

    [Fact]
    public async Task Paths_come_with_wildcards_literally_and_by_pipeline()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            (Start-CustomerBackup ./*/notes -DataSet a).FileCount
            (Start-CustomerBackup -LiteralPath './crm/notes/odd [1].txt').DataSet
            ('./crm', './mail' | Start-CustomerBackup -DataSet both).FileCount
            Get-ErrorId { Start-CustomerBackup ./none* }
            Get-ErrorId { Start-CustomerBackup ./none }
            """);
        Assert.Equal(["2", "odd [1].txt", "4", $"{FaultCodes.NothingMatchesPath}", $"{FaultCodes.SourceRootMissing}"], lines);
    }

    [Fact]
    public async Task Rules_leave_out_what_they_say()
    {
        _place.Write("crm/.backupignore", "*.tmp\n");
        _place.Write("crm/a.tmp", "ignored by the file");
        _place.Write("crm/big.bin", new string('x', 5000));
        _place.Write("crm/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
        _place.Write("crm/cache/made.again", "x");
        File.SetLastWriteTimeUtc(_place.Write("crm/old.txt", "old"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            function Get-Names([hashtable] $Rules) {
                $null = Start-CustomerBackup ./crm -DataSet rules @Rules
                @(Get-CustomerBackupItem -DataSet rules -Recurse).Where({ $_.Kind -eq 'File' }).Name -join ','
            }
            Get-Names @{ Exclude = '/cache/', 'notes/' }
            Get-Names @{ Include = '*.txt'; OlderThan = '2010-01-01' }
            Get-Names @{ MaxSize = '4KB'; ExcludeCaches = $true; NewerThan = '2010-01-01'; IgnoreFile = '' }
            """);
        Assert.Equal([".backupignore,big.bin,customers.csv,old.txt", "old.txt", ".backupignore,a.tmp,CACHEDIR.TAG,customers.csv,odd [1].txt,today.txt"], lines);
    }

    [Fact]
    public async Task WhatIf_writes_nothing_not_even_a_cache()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault");
        Directory.Delete(_place["cache"], recursive: true);
        var before = _place.Picture();
        var lines = await _place.LinesAsync("Start-CustomerBackup -Vault ./vault -Path ./crm -WhatIf");
        Assert.Contains("What if:", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Equal(before, _place.Picture());
    }

    [Fact]
    public async Task A_fault_is_an_error_of_its_own_and_the_snapshot_is_degraded()
    {
        _place.Write("crm/.backupignore", "[never closed\n");
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $backup = Start-CustomerBackup ./crm -ErrorAction SilentlyContinue -ErrorVariable faults
            "$($backup.Outcome) $($backup.ExitCode) $($backup.FaultCount) $($backup.Faults.Count) $($faults.Count)"
            $backup.Faults[0].Code
            $faults[0].CategoryInfo.Category
            $faults[0].Exception.GetType().FullName
            $faults[0].FullyQualifiedErrorId
            $faults[0].ErrorDetails.RecommendedAction -eq $backup.Faults[0].Remedy
            (Get-CustomerBackup).Outcome
            """);
        Assert.Equal(
            [
                "SucceededDegraded 2 1 1 1", $"{FaultCodes.IgnoreFileInvalid}", "ReadError", "SecureBackup.PowerShell.Faults.BackupCommandException",
                $"{FaultCodes.IgnoreFileInvalid},SecureBackup.PowerShell.Commands.StartCustomerBackupCommand", "True", "SucceededDegraded",
            ],
            lines);
    }

    [Fact]
    public async Task Sources_that_make_no_backup_are_said_before_anything_is_stored()
    {
        Directory.CreateDirectory(_place["empty"]);
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            Get-ErrorId { Start-CustomerBackup ./empty }
            Get-ErrorId { Start-CustomerBackup ./vault }
            Get-ErrorId { Start-CustomerBackup ./crm -Exclude '[' }
            Get-ErrorId { Start-CustomerBackup ./crm -NewerThan 2020-01-01 -OlderThan 2010-01-01 }
            Get-ErrorId { Start-CustomerBackup env:PATH }
            @(Get-CustomerBackup).Count
            """);
        Assert.Equal(
            [
                $"{FaultCodes.SourceEmpty}", $"{FaultCodes.SourceRootInVault}", $"{FaultCodes.PatternInvalid}", $"{FaultCodes.SourceLimitInvalid}",
                $"{FaultCodes.NotAFileSystemPath}", "0",
            ],
            lines);
    }

    [Fact]
    public async Task A_source_that_holds_the_vault_is_backed_up_without_it_or_not_at_all()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./crm/vault | Connect-BackupVault
            Get-ErrorId { Start-CustomerBackup ./crm }
            (Start-CustomerBackup ./crm -Exclude '/vault/').FileCount
            """);
        Assert.Equal([$"{FaultCodes.SourceContainsVault}", "3"], lines);
    }
}
