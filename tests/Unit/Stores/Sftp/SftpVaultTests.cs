using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Unit.Cmdlets;

namespace SecureBackup.Tests.Unit.Stores.Sftp;

/// <summary>The packaged module with its vault on an SFTP server, by a bare address.</summary>
public sealed class SftpVaultTests : IDisposable
{
    private readonly Workplace _place = new();

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
            Get-ErrorId { New-BackupVault '{{address.Replace(server.HostKey, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", StringComparison.Ordinal)}}' }
            """);

        Assert.Equal([address, "3", "True", "id;name", "1;Ada", "2;Bo", $"{FaultCodes.VaultExists}", $"{FaultCodes.TargetUntrusted}"], lines);
    }
}
