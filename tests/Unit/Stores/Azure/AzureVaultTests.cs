using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles.Azure;
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

    [Fact]
    public async Task A_restore_from_the_archive_asks_for_what_lies_there_once_and_goes_on_when_it_can_be_read()
    {
        var azurite = await TestServers.AzuriteAsync();
        await using var guard = await AzureGuard.StartAsync(azurite, isVersioned: false);
        var container = await UseContainerAsync(azurite);
        var address = $"azblob://{AzuriteServer.Account}/{container}/shop?endpoint={guard.Endpoint.OriginalString}";
        await _place.LinesAsync($"$null = New-BackupVault '{address}'; $null = Start-CustomerBackup ./crm -Vault '{address}'");
        var client = azurite.Admin.GetBlobContainerClient(container);
        var packs = new List<string>();
        await foreach (var blob in client.GetBlobsAsync(new GetBlobsOptions { Prefix = "shop/packs/" }, TestContext.Current.CancellationToken))
        {
            packs.Add(blob.Name);
            await client.GetBlobClient(blob.Name).SetAccessTierAsync(AccessTier.Archive, cancellationToken: TestContext.Current.CancellationToken);
        }

        var script = $$"""
            function Say { try { & $args[0] } catch { "$_" } }
            $restore = { $null = Restore-CustomerBackup -Vault '{{address}}' -Destination ./out -Warm 3 }
            $found = Restore-CustomerBackup -Vault '{{address}}' -Destination ./out -Warm 3 -WhatIf 3>$null
            "$($found.ColdPackCount) $($found.WarmingPackCount)"
            Say $restore
            $found = Restore-CustomerBackup -Vault '{{address}}' -Destination ./out -Warm 3 -WhatIf 3>$null
            "$($found.ColdPackCount) $($found.WarmingPackCount)"
            Say $restore
            """;
        var cold = (await _place.LinesAsync(script)).Where(static line => !line.StartsWith("What if", StringComparison.Ordinal)).ToList();
        guard.EndWarmUps();
        var warm = await _place.LinesAsync($"$null = Restore-CustomerBackup -Vault '{address}' -Destination ./out -Warm 3; [IO.File]::ReadAllLines(\"$PWD/out/crm/customers.csv\")");

        Assert.NotEmpty(packs);
        Assert.Equal($"{packs.Count} 0", cold[0]);
        Assert.Contains($"lie in Archive: {packs.Count} were asked for now, 0 before. They can be read within 15 hour(s)", cold[1], StringComparison.Ordinal);
        Assert.Equal($"{packs.Count} {packs.Count}", cold[2]);
        Assert.Contains($"0 were asked for now, {packs.Count} before.", cold[3], StringComparison.Ordinal);
        Assert.Equal(["id;name", "1;Ada", "2;Bo"], warm);
        Assert.Empty(guard.Violations);
    }

    private async Task<string> UseContainerAsync(AzuriteServer azurite)
    {
        _place.Environment["SECUREBACKUP_TARGET_USER"] = AzuriteServer.Account;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = azurite.Key;
        return await azurite.CreateContainerAsync();
    }
}
