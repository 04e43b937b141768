using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class TestCustomerBackupTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_good_snapshot_is_healthy_and_the_vault_remembers_it()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            $null = Start-CustomerBackup ./mail
            @(Test-CustomerBackup).DataSet -join ' '
            $report = Test-CustomerBackup -DataSet crm -ReadData
            "$($report.IsHealthy) $($report.ExitCode) $($report.PacksRead -eq $report.PacksTotal) $($report.BytesRead -gt 0) $($report.HasCompletedCycle)"
            $null -ne (Get-CustomerBackup -DataSet crm).LastVerified
            @(Get-CustomerBackup | Test-CustomerBackup).Count
            @(Test-CustomerBackup -All -Percent 50).Count
            """);
        Assert.Equal(["mail crm", "True 0 True True True", "True", "2", "2"], lines);
    }

    [Fact]
    public async Task Damage_is_found_named_and_gives_exit_code_4()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault");
        var pack = Directory.EnumerateFiles(_place["vault/packs"], "*", SearchOption.AllDirectories).OrderByDescending(path => new FileInfo(path).Length).First();
        var bytes = File.ReadAllBytes(pack);
        bytes[bytes.Length / 4] ^= 1;
        File.WriteAllBytes(pack, bytes);
        var lines = await _place.LinesAsync("""
            $report = Test-CustomerBackup -Vault ./vault -ReadData -ErrorAction SilentlyContinue -ErrorVariable faults
            "$($report.IsHealthy) $($report.ExitCode) $($report.FaultCount -gt 0) $($faults.Count -eq $report.FaultCount)"
            $faults[0].CategoryInfo.Category
            """);
        Assert.Equal(["False 4 True True", "InvalidData"], lines);
    }

    [Fact]
    public async Task WhatIf_writes_nothing()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault");
        Directory.Delete(_place["cache"], recursive: true);
        var before = _place.Picture();
        await _place.LinesAsync("Test-CustomerBackup -Vault ./vault -ReadData -WhatIf");
        Assert.Equal(before, _place.Picture());
    }

    [Fact]
    public async Task Bad_requests_are_said()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            Get-ErrorId { Test-CustomerBackup }
            Get-ErrorId { Test-CustomerBackup abcdef }
            Get-ErrorId { Test-CustomerBackup -Percent 0 }
            """);
        Assert.Equal([$"{FaultCodes.NoSnapshotFound}", $"{FaultCodes.NoSuchSnapshot}", "ParameterArgumentValidationError"], lines);
    }
}
