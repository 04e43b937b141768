using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class OptimizeBackupVaultTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Where_everything_is_needed_nothing_is_done_and_the_vault_stays_whole()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            $result = Optimize-BackupVault
            "$($result.PacksCondemned) $($result.PacksDeleted) $($result.BytesBefore -gt 0) $($result.BytesAfter -eq $result.BytesBefore) $($result.ExitCode) $($result.IsTrial)"
            @(Get-BackupVault | Optimize-BackupVault -For 00:10:00 -MaxUnusedPercent 30).Count
            (Test-CustomerBackup -ReadData).IsHealthy
            """);
        Assert.Equal(["0 0 True True 0 False", "1", "True"], lines);
    }

    [Fact]
    public async Task WhatIf_writes_nothing_and_says_what_would_be_done()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault");
        var before = _place.Picture();
        var lines = await _place.LinesAsync("(Optimize-BackupVault -Vault ./vault -WhatIf).IsTrial");
        Assert.Equal(before, _place.Picture());
        Assert.Equal("True", lines[^1]);
    }

    [Fact]
    public async Task Where_nothing_may_be_done_by_preference_the_plans_are_shown_too()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault");
        var before = _place.Picture();
        var lines = await _place.LinesAsync("""
            $WhatIfPreference = $true
            "$((Optimize-BackupVault -Vault ./vault).IsTrial)"
            "$((Restore-CustomerBackup -Vault ./vault -Destination ./back).GetType().Name)"
            "$(@(Remove-CustomerBackup -Vault ./vault -KeepLast 1).Action)"
            """);
        Assert.Equal(before, _place.Picture());
        Assert.Equal(["True", "RestorePreflight", "Kept WouldRemove"], lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Bad_requests_are_said()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Export-BackupWriterKey -Name shop -Path ./writer.key
            Get-ErrorId { Optimize-BackupVault -Vault ./vault -KeyFile ./writer.key }
            Get-ErrorId { Optimize-BackupVault -For 00:00:00 }
            Get-ErrorId { Optimize-BackupVault -MaxUnusedPercent 100 }
            """);
        Assert.Equal([$"{FaultCodes.NotAMaintainer}", $"{FaultCodes.CollectionOutOfRange}", "ParameterArgumentValidationError"], lines);
    }
}
