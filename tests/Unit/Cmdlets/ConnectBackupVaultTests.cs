using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class ConnectBackupVaultTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_connected_vault_serves_without_name_and_key_until_it_is_disconnected()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $env:SECUREBACKUP_PASSPHRASE = $null
            (Start-CustomerBackup ./crm).DataSet
            @(Get-CustomerBackup).Count
            @(Get-CustomerBackup -Vault ./vault/).Count
            Disconnect-BackupVault
            @(Get-BackupVault).Count
            Get-ErrorId { Get-CustomerBackup }
            Get-ErrorId { Get-CustomerBackup -Vault ./vault }
            Get-ErrorId { Disconnect-BackupVault ./vault }
            """);
        Assert.Equal(["crm", "1", "1", "0", $"{FaultCodes.NoVaultGiven}", $"{FaultCodes.NoKeyGiven}", $"{FaultCodes.NoVaultGiven}"], lines);
    }

    [Fact]
    public async Task With_two_connected_vaults_one_must_be_named()
    {
        var lines = await _place.LinesAsync("""
            './one', './two' | ForEach-Object { $null = New-BackupVault $_ | Connect-BackupVault }
            Get-ErrorId { Get-CustomerBackup }
            Get-BackupVault | Disconnect-BackupVault
            @(Get-BackupVault).Count
            """);
        Assert.Equal([$"{FaultCodes.SeveralVaultsConnected}", "0"], lines);
    }

    [Fact]
    public async Task Removing_the_module_closes_what_was_connected()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            Remove-Module SecureBackup
            Import-Module $env:SECUREBACKUP_MODULE
            @(Get-BackupVault).Count
            """);
        Assert.Equal(["0"], lines);
    }

    [Fact]
    public async Task Keys_are_taken_in_the_documented_order()
    {
        var lines = await _place.LinesAsync("""
            function Get-Secret([string] $Text) { $secret = [securestring]::new(); $Text.ToCharArray().ForEach({ $secret.AppendChar($_) }); $secret }
            $null = New-BackupVault ./vault
            $null = New-BackupVault ./keyed -KeyFile ./owner.key
            $env:SECUREBACKUP_KEYFILE = './owner.key'
            'key file before passphrase: ' + (Get-ErrorId { Connect-BackupVault ./vault })
            $env:SECUREBACKUP_KEYFILE = $null
            'parameter before environment: ' + (Get-ErrorId { Connect-BackupVault ./vault -Passphrase (Get-Secret 'wrong words') })
            'two keys: ' + (Get-ErrorId { Connect-BackupVault ./vault -Passphrase (Get-Secret 'a') -KeyFile ./owner.key })
            'no such file: ' + (Get-ErrorId { Connect-BackupVault ./vault -KeyFile ./none.key })
            'no key file: ' + (Get-ErrorId { Connect-BackupVault ./vault -KeyFile ./crm/customers.csv })
            """);
        Assert.Equal(
            [
                $"key file before passphrase: {FaultCodes.KeyOfAnotherVault}",
                $"parameter before environment: {FaultCodes.WrongPassphrase}",
                $"two keys: {FaultCodes.TwoKeysGiven}",
                $"no such file: {FaultCodes.KeyFileUnreadable}",
                $"no key file: {FaultCodes.KeyFileMalformed}",
            ],
            lines);
    }

    [Fact]
    public async Task A_key_file_that_others_can_read_gets_a_warning()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Sets permissions as Unix has them.");
            return;
        }

        await _place.LinesAsync("$null = New-BackupVault ./vault -KeyFile ./owner.key");
        File.SetUnixFileMode(_place["owner.key"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var lines = await _place.LinesAsync("$null = Connect-BackupVault ./vault -KeyFile ./owner.key");
        Assert.Contains(lines, line => line.StartsWith($"WARNING: {FaultCodes.KeyFileExposed}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_stream_ever_holds_the_passphrase()
    {
        var result = await _place.RunAsync("""
            $VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
            $ErrorActionPreference = 'Continue'
            $null = New-BackupVault ./vault
            Start-CustomerBackup ./crm -Vault ./vault
            Get-CustomerBackup -Vault ./vault -Id ffff
            Connect-BackupVault ./crm
            $Error.ForEach({ $_.ToString() + $_.Exception + $_.ScriptStackTrace })
            """);
        Assert.Contains("SB5010", result.Output + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Workplace.Passphrase, result.Output + result.Error, StringComparison.Ordinal);
    }
}
