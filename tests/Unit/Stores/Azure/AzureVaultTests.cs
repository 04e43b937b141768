using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Cmdlets;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>The packaged module with its vault in a container, by a bare address.</summary>
public sealed class AzureVaultTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_is_made_filled_and_restored_in_a_container()
    {
        var azurite = await TestServers.AzuriteAsync();
        var address = $"azblob://{AzuriteServer.Account}/{await UseContainerAsync(azurite)}/shop/main?endpoint={azurite.Endpoint.OriginalString}";
        var lines = await _place.LinesAsync($$"""
            $vault = New-BackupVault '{{address}}'
            $vault.Path
            (Start-CustomerBackup ./crm -Vault '{{address}}').FileCount
            ($vault | Connect-BackupVault).Path
            $null = Restore-CustomerBackup -Destination ./out
            @(Test-CustomerBackup -ReadData).IsHealthy
            [IO.File]::ReadAllLines("$PWD/out/crm/customers.csv")
            Get-ErrorId { New-BackupVault '{{address}}' }
            """);

        Assert.Equal([address, "3", address, "True", "id;name", "1;Ada", "2;Bo", $"{FaultCodes.VaultExists}"], lines);
    }

    [Fact]
    public async Task What_is_wrong_with_an_address_or_its_container_is_said_and_no_secret_with_it()
    {
        var azurite = await TestServers.AzuriteAsync();
        var container = await UseContainerAsync(azurite);
        var (account, endpoint) = (AzuriteServer.Account, azurite.Endpoint.OriginalString);
        var result = await _place.RunAsync($$"""
            Get-ErrorId { New-BackupVault 'azblob://{{account}}/no-such-container-here/x?endpoint={{endpoint}}' }
            Get-ErrorId { New-BackupVault 'azblob://{{account}}/{{container}}/x?endpoint={{endpoint}}&sig=hunter2hunter2' }
            Get-ErrorId { New-BackupVault 'azblob://{{account}}/{{container}}/x?endpoint=http://blob.example.org' }
            Get-ErrorId { New-BackupVault 'azblob://{{account}}/{{container}}/x?endpoint={{endpoint}}&colour=red' }
            Get-ErrorId { New-BackupVault 'azblob://{{account}}' }
            $env:SECUREBACKUP_TARGET_PASSWORD = 'hunter2hunter2=='
            Get-ErrorId { New-BackupVault 'azblob://{{account}}/{{container}}/x?endpoint={{endpoint}}' }
            try { New-BackupVault 'azblob://{{account}}/{{container}}/x?endpoint={{endpoint}}' } catch { "$_"; "$($_.Exception)" }
            $env:SECUREBACKUP_TARGET_PASSWORD = 'hunter2hunter'
            Get-ErrorId { New-BackupVault 'azblob://{{account}}/{{container}}/x?endpoint={{endpoint}}' }
            """);

        var lines = result.ShouldSucceed().OutputLines;
        Assert.Equal(
            [
                $"{FaultCodes.TargetPlaceMissing}", $"{FaultCodes.SecretInAddress}", $"{FaultCodes.PlainHttpRefused}", $"{FaultCodes.TargetOptionInvalid}",
                $"{FaultCodes.TargetAddressInvalid}", $"{FaultCodes.TargetKeyRejected}",
            ],
            lines.Take(6));
        Assert.Equal($"{FaultCodes.CredentialNotUsable}", lines[^1]);
        Assert.DoesNotContain("hunter2", string.Concat(lines), StringComparison.Ordinal);
        Assert.DoesNotContain(azurite.Key, string.Concat(lines), StringComparison.Ordinal);
        await foreach (var blob in azurite.Admin.GetBlobContainerClient(container).GetBlobsAsync(new GetBlobsOptions(), TestContext.Current.CancellationToken))
        {
            Assert.Fail($"{blob.Name} was put there.");
        }
    }

    private async Task<string> UseContainerAsync(AzuriteServer azurite)
    {
        _place.Environment["SECUREBACKUP_TARGET_USER"] = AzuriteServer.Account;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = azurite.Key;
        return await azurite.CreateContainerAsync();
    }
}
