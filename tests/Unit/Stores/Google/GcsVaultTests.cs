using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Unit.Cmdlets;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>The packaged module with its vault in a bucket, by a bare address and by a name.</summary>
public sealed class GcsVaultTests : IDisposable
{
    private readonly Workplace _place = new();

    public GcsVaultTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_is_made_filled_and_restored_in_a_bucket()
    {
        await using var store = await GcsStore.StartAsync();
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = ("_json", store.Iam.ServiceAccount(GcsStore.Account));
        var address = $"gs://{GcsStore.Bucket}/shop?endpoint={store.Server.Address.AbsoluteUri.TrimEnd('/')}";
        var lines = await _place.LinesAsync($$"""
            $vault = New-BackupVault '{{address}}'
            $vault.Path
            (Start-CustomerBackup ./crm -Vault '{{address}}').FileCount
            $null = $vault | Connect-BackupVault
            $null = Restore-CustomerBackup -Destination ./out
            @(Test-CustomerBackup -ReadData).IsHealthy
            [IO.File]::ReadAllLines("$PWD/out/crm/customers.csv")
            Get-ErrorId { New-BackupVault '{{address}}' }
            """);

        Assert.Equal([address, "3", "True", "id;name", "1;Ada", "2;Bo", $"{FaultCodes.VaultExists}"], lines);
    }

    [Fact]
    public async Task A_bucket_is_made_registered_tested_and_a_vault_lives_there_by_name()
    {
        await using var store = await GcsStore.StartAsync(bucket: null);
        File.WriteAllText(_place["key.json"], store.Iam.ServiceAccount(GcsStore.Account));
        var lines = await _place.LinesAsync($$"""
            $target = Register-BackupTarget cloud gs://{{GcsStore.Bucket}}/shop -Endpoint {{store.Server.Address.AbsoluteUri.TrimEnd('/')}} -CredentialFile ./key.json -Region europe-west3 -Option @{ project = 'project' } -SkipTest
            $target.Platform
            $null = Initialize-BackupTarget cloud -LockMode Governance -WarningAction SilentlyContinue
            $test = Test-BackupTarget cloud
            "$test, $($test.LockModes), $($test.HasConditionalPut)"
            (New-BackupVault cloud).Path
            (Start-CustomerBackup ./crm -Vault target:cloud).FileCount
            $null = Restore-CustomerBackup -Vault cloud -Destination ./out
            [IO.File]::ReadAllText("$PWD/out/crm/notes/today.txt").Trim()
            @(Test-CustomerBackup -Vault cloud -ReadData).IsHealthy
            """);

        Assert.Equal(["Google Cloud Storage", "cloud: fit, Governance Compliance, True", "target:cloud", "3", "Call Ada back.", "True"], lines);
    }
}
