using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Places that refuse: read-only, full, or of a format to come.</summary>
public sealed class BadPlaceTests : IDisposable
{
    /// <summary>Where every object says its format's version, for ever.</summary>
    private const int FormatVersionAt = 9;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_read_only_vault_says_so_and_still_restores()
    {
        using var mount = TestMount.Tmpfs("16m");
        _place.Environment["PLACE"] = mount.FullPath;
        await _place.LinesAsync("$null = New-BackupVault \"$env:PLACE/vault\"; $null = Start-CustomerBackup ./crm -Vault \"$env:PLACE/vault\"");
        mount.MakeReadOnly();
        var lines = await _place.LinesAsync("""
            Get-ErrorId { Start-CustomerBackup ./mail -Vault "$env:PLACE/vault" }
            Get-ErrorId { New-BackupVault "$env:PLACE/other" }
            Get-ErrorId { Restore-CustomerBackup -Vault "$env:PLACE/vault" -Destination "$env:PLACE/back" }
            (Restore-CustomerBackup -Vault "$env:PLACE/vault" -Destination ./back).FileCount
            $report = Test-CustomerBackup -Vault "$env:PLACE/vault" -ReadData -WarningVariable warnings -WarningAction SilentlyContinue
            "$($report.ExitCode) $($report.IsRecorded) $($warnings.Count) $("$warnings".Contains('not kept in the vault'))"
            """);
        Assert.Equal(
            [$"{FaultCodes.TargetAccessDenied}", $"{FaultCodes.TargetAccessDenied}", $"{FaultCodes.DestinationReadOnly}", "3", "0 False 1 True"], lines);
    }

    [Fact]
    public async Task A_full_disk_is_named_whether_it_holds_vault_destination_or_cache()
    {
        using var mount = TestMount.Tmpfs("1m");
        _place.Environment["PLACE"] = mount.FullPath;
        var noise = new byte[3 * 1024 * 1024];
        new Random(7).NextBytes(noise);
        File.WriteAllBytes(_place["crm/noise.bin"], noise);
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault "$env:PLACE/vault"
            'vault: ' + (Get-ErrorId { Start-CustomerBackup ./crm -Vault "$env:PLACE/vault" })
            'snapshots: ' + @(Get-CustomerBackup -Vault "$env:PLACE/vault").Count
            $null = New-BackupVault ./vault
            $null = Start-CustomerBackup ./crm -Vault ./vault
            'destination: ' + (Get-ErrorId { Restore-CustomerBackup -Vault ./vault -Destination "$env:PLACE/back" })
            'by force: ' + (Get-ErrorId { Restore-CustomerBackup -Vault ./vault -Destination "$env:PLACE/back" -Force })
            [IO.File]::Exists("$env:PLACE/back/crm/noise.bin")
            $env:SECUREBACKUP_CACHE = "$env:PLACE/cache"
            'cache: ' + (Start-CustomerBackup ./crm -Vault ./vault -WarningAction SilentlyContinue).Outcome
            """);
        Assert.Equal(
            [$"vault: {FaultCodes.TargetQuotaExceeded}", "snapshots: 0", $"destination: {FaultCodes.DestinationTooSmall}", $"by force: {FaultCodes.DestinationFull}", "False", "cache: Succeeded"],
            lines);
    }

    [Fact]
    public async Task A_vault_of_a_newer_format_is_refused_and_left_as_it_is()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault");
        var entry = Assert.Single(Directory.EnumerateFiles(_place["vault/register"], "*", SearchOption.AllDirectories));
        var bytes = File.ReadAllBytes(entry);
        bytes[FormatVersionAt]++;
        File.WriteAllBytes(entry, bytes);
        var before = _place.Picture();
        var lines = await _place.LinesAsync("Get-ErrorId { Get-BackupVault ./vault }; Get-ErrorId { Start-CustomerBackup ./crm -Vault ./vault }");
        Assert.Equal([$"{FaultCodes.UnsupportedFormat}", $"{FaultCodes.UnsupportedFormat}"], lines);
        Assert.Equal(before, _place.Picture());
    }
}
