using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Keys by the name of a secret. The store is a function with the parameters and outputs of SecretManagement's cmdlet.</summary>
public sealed class SecretNameTests : IDisposable
{
    private const string Store = BackupVaultKeyTests.Secure + """
        function Get-Secret {
            [CmdletBinding()] param([string] $Name, [string] $Vault)
            $asked.Add("$Vault/$Name")
            switch ("$Vault/$Name") {
                '/shop' { Secure 'six words that nobody would guess' }
                '/bob' { "bob's own words" }
                'team/shop' { 'other words of the team' }
                '/login' { [pscredential]::new('who', (Secure 'six words that nobody would guess')) }
                '/file' { , [IO.File]::ReadAllBytes("$PWD/owner.key") }
                '/file as text' { [IO.File]::ReadAllText("$PWD/owner.key") }
                '/file as secret' { Secure ([IO.File]::ReadAllText("$PWD/owner.key")) }
                '/table' { @{ a = 1 } }
                default { throw "There is no secret $Name." }
            }
        }
        $asked = [Collections.Generic.List[string]]::new()

        """;

    private readonly Workplace _place = new();

    public SecretNameTests()
    {
        _place.Environment["SECUREBACKUP_PASSPHRASE"] = null;
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_passphrase_and_a_key_file_come_from_the_store()
    {
        var lines = await _place.LinesAsync(Store + """
            $null = New-BackupVault ./vault -PassphraseSecret shop -KeyFile ./owner.key
            (Connect-BackupVault ./vault -PassphraseSecret shop).Role
            Disconnect-BackupVault
            (Start-CustomerBackup ./crm -Vault ./vault -PassphraseSecret login).FileCount
            foreach ($name in 'file', 'file as text', 'file as secret') { @(Get-CustomerBackup -Vault ./vault -KeyFileSecret $name).Count }
            (Add-BackupVaultKey -Vault ./vault -KeyFile ./owner.key -NewPassphraseSecret shop -SecretVault team).Kind
            (Connect-BackupVault ./vault -PassphraseSecret shop -SecretVault team).Role
            Disconnect-BackupVault
            (Add-BackupVaultMember -Vault ./vault -Name bob -Role Owner -KeyFile ./owner.key -OwnerPassphraseSecret bob).Name
            (Connect-BackupVault ./vault -PassphraseSecret bob).Role
            """);
        Assert.Equal(["Owner", "3", "1", "1", "1", "passphrase", "Owner", "bob", "Owner"], lines);
    }

    [Fact]
    public async Task A_named_secret_vault_is_asked_and_a_connected_vault_is_not_used()
    {
        var lines = await _place.LinesAsync(Store + """
            $null = New-BackupVault ./vault -PassphraseSecret shop -SecretVault team
            $null = Connect-BackupVault ./vault -PassphraseSecret shop -SecretVault team
            Get-ErrorId { Get-CustomerBackup -Vault ./vault -PassphraseSecret shop }
            Get-ErrorId { Get-CustomerBackup -Vault ./crm -PassphraseSecret shop }
            $asked -join ' '
            """);
        Assert.Equal([$"{FaultCodes.WrongPassphrase}", $"{FaultCodes.NotAVault}", "team/shop team/shop /shop"], lines);
    }

    [Fact]
    public async Task What_the_store_cannot_give_is_said()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -KeyFile ./owner.key
            Get-ErrorId { Connect-BackupVault ./vault -PassphraseSecret shop }
            try { Connect-BackupVault ./vault -PassphraseSecret shop } catch { $_.ErrorDetails.RecommendedAction -match 'Microsoft.PowerShell.SecretManagement' }
            """ + "\n" + Store + """
            Get-ErrorId { Connect-BackupVault ./vault -PassphraseSecret nothing }
            Get-ErrorId { Connect-BackupVault ./vault -PassphraseSecret table }
            Get-ErrorId { Connect-BackupVault ./vault -KeyFileSecret table }
            Get-ErrorId { Connect-BackupVault ./vault -KeyFileSecret 'shop' }
            Get-ErrorId { Connect-BackupVault ./vault -KeyFileSecret file -PassphraseSecret shop }
            """);
        Assert.Equal(
            [
                $"{FaultCodes.SecretStoreMissing}", "True", $"{FaultCodes.SecretNotFound}", $"{FaultCodes.SecretNotUsable}", $"{FaultCodes.SecretNotUsable}",
                $"{FaultCodes.KeyFileMalformed}", $"{FaultCodes.TwoKeysGiven}",
            ],
            lines);
    }
}
