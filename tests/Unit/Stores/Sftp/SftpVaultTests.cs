using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Unit.Cmdlets;

namespace SecureBackup.Tests.Unit.Stores.Sftp;

/// <summary>The packaged module with its vault on an SFTP server, by a bare address and by a name.</summary>
public sealed class SftpVaultTests : IDisposable
{
    private const string SomeKey = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    private const string Secret = "hunter2hunter2";

    private readonly Workplace _place = new();

    public SftpVaultTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_is_made_filled_and_restored_on_an_SFTP_server()
    {
        var server = await TestServers.SshAsync();
        var address = server.AddressOf(server.CreateFolder());
        var lines = await _place.LinesAsync($$"""
            $vault = New-BackupVault '{{address}}'
            $vault.Path
            (Start-CustomerBackup ./crm -Vault '{{address}}').FileCount
            $null = $vault | Connect-BackupVault
            $null = Restore-CustomerBackup -Destination ./out
            @(Test-CustomerBackup -ReadData).IsHealthy
            [IO.File]::ReadAllLines("$PWD/out/crm/customers.csv")
            Get-ErrorId { New-BackupVault '{{address}}' }
            Get-ErrorId { New-BackupVault '{{address.Replace(server.HostKey, SomeKey, StringComparison.Ordinal)}}' }
            """);

        Assert.Equal([address, "3", "True", "id;name", "1;Ada", "2;Bo", $"{FaultCodes.VaultExists}", $"{FaultCodes.TargetUntrusted}"], lines);
    }

    [Fact]
    public async Task A_target_is_kept_once_its_key_is_pinned_and_a_vault_lives_there_by_name()
    {
        var server = await TestServers.SshAsync();
        var folder = server.CreateFolder();
        _place.Environment["KEY"] = server.KeyFile;
        var lines = await _place.LinesAsync($$"""
            $common = @{ Name = 'nas'; Uri = 'sftp://{{server.Authority}}{{folder}}'; IdentityFile = $env:KEY }
            Get-ErrorId { Register-BackupTarget @common }
            $Error[0].ErrorDetails.RecommendedAction -match '-HostKey (SHA256:\S{43})[ ,]'
            $pin = $Matches[1]
            [IO.Directory]::Exists("$PWD/config")
            $target = Register-BackupTarget @common -HostKey $pin
            $target.Platform, $target.Options['hostkey'] -join ' '
            (New-BackupVault nas).Path
            (Start-CustomerBackup ./crm -Vault target:nas).FileCount
            $null = Restore-CustomerBackup -Vault nas -Destination ./out
            [IO.File]::ReadAllText("$PWD/out/crm/notes/today.txt").Trim()
            Get-ErrorId { Set-BackupTarget nas -HostKey '{{SomeKey}}' }
            "$($Error[0])".Contains("$pin (ssh-ed25519) instead of the pinned {{SomeKey}}")
            (Set-BackupTarget nas -HostKey '{{SomeKey}}', $pin).Options['hostkey'] -eq "{{SomeKey}},$pin"
            @(Test-CustomerBackup -Vault nas -ReadData).IsHealthy
            """);

        Assert.Equal(
            [$"{FaultCodes.TargetUntrusted}", "True", "False", $"SFTP {server.HostKey}", "target:nas", "3", "Call Ada back.", $"{FaultCodes.TargetUntrusted}", "True", "True", "True"],
            lines);
    }

    [Fact]
    public async Task What_is_wrong_is_said_before_a_target_is_kept_and_no_secret_with_it()
    {
        var (server, passwords) = (await TestServers.SshAsync(), await TestServers.PasswordSshAsync());
        var (folder, missing) = (server.CreateFolder(), server.CreateFolder());
        Directory.Delete(missing);
        _place.Environment["WRONG"] = Secret;
        _place.Environment["RIGHT"] = passwords.Password;
        var result = await _place.RunAsync(BackupVaultKeyTests.Secure + $$"""

            $common = @{ Name = 'nas'; HostKey = '{{server.HostKey}}' }
            Get-ErrorId { Register-BackupTarget @common -Uri sftp://{{server.Authority}}{{missing}} -IdentityFile '{{server.KeyFile}}' }
            Get-ErrorId { Register-BackupTarget @common -Uri sftp://{{server.Authority}}{{folder}} -IdentityFile '{{server.StrangerKeyFile}}' }
            Get-ErrorId { Register-BackupTarget @common -Uri sftp://{{server.Authority}}{{folder}} -IdentityFile '{{server.ReaderKeyFile}}' }
            Get-ErrorId { Register-BackupTarget @common -Uri sftp://{{server.Authority}}{{folder}} -IdentityFile '{{server.LockedKeyFile}}' }
            Get-ErrorId { Register-BackupTarget nas '{{passwords.SftpAddress}}' -Credential ([pscredential]::new('u', (Secure $env:WRONG))) }
            Get-ErrorId { Register-BackupTarget nas 'sftp://u:{{Secret}}@127.0.0.1/x' }
            [IO.Directory]::Exists("$PWD/config/targets")
            $Error.ForEach({ "$_ $($_.Exception) $($_.ErrorDetails.RecommendedAction)" })
            """);

        var lines = result.ShouldSucceed().OutputLines;
        Assert.Equal(
            [
                $"{FaultCodes.TargetPlaceMissing}", $"{FaultCodes.TargetKeyRejected}", $"{FaultCodes.TargetAccessDenied}", $"{FaultCodes.CredentialMissing}", $"{FaultCodes.TargetKeyRejected}",
                $"{FaultCodes.SecretInAddress}", "False",
            ],
            lines.Take(7));
        Assert.DoesNotContain(Secret, string.Concat(lines), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        Assert.False(Directory.Exists(missing));
    }
}
