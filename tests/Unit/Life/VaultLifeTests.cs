using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Cmdlets;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Life;

/// <summary>
/// The whole life of a vault on real servers, through the packaged module: made, ten backups, browsed, restored, pruned, checked. In one of the backups the server dies and
/// comes back, in another it stays away.
/// </summary>
public sealed class VaultLifeTests : IDisposable
{
    private const int DeadAfterPacks = 3;
    private const int BigBytes = 6 * PackSize.DefaultBytes;

    /// <summary>What a script has: the address as $v, and a run that puts a state into the folder that is backed up. That a big file goes is meant.</summary>
    private const string Words = """
        $v = $env:LIFE_VAULT
        function Copy-Tree($From, $To) {
            foreach ($file in [IO.Directory]::GetFiles($From)) { [IO.File]::Copy($file, [IO.Path]::Combine($To, [IO.Path]::GetFileName($file)), $true) }
        }

        function Backup($Run) {
            foreach ($folder in '', 'orders') {
                $null = [IO.Directory]::CreateDirectory("$PWD/shop/$folder")
                Copy-Tree "$PWD/state-$Run/$folder" "$PWD/shop/$folder"
                foreach ($file in [IO.Directory]::GetFiles("$PWD/shop/$folder")) {
                    if (-not [IO.File]::Exists([IO.Path]::Combine("$PWD/state-$Run/$folder", [IO.Path]::GetFileName($file)))) { [IO.File]::Delete($file) }
                }
            }

            (Start-CustomerBackup ./shop -Vault $v -DataSet shop -SkipGate Shrinkage).Outcome
        }

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task On_an_S3_server_that_dies_and_comes_back()
    {
        await using var ceph = await TestServers.OwnCephAsync();
        await using var store = await MortalStore.StartAsync(
            ceph.Endpoint, static request => request.Path.Value!.Contains("/packs/", StringComparison.Ordinal), ceph.KillGatewayAsync, ceph.StartGatewayAsync);
        var address = $"s3://{await ceph.CreateBucketAsync()}/shop?endpoint={store.Address.OriginalString.TrimEnd('/')}";

        await LiveAsync(store, address, ceph.Key.Id, ceph.Key.Secret);
    }

    [Fact]
    public async Task In_a_container_of_a_server_that_dies_and_comes_back()
    {
        await using var azurite = await TestServers.OwnAzuriteAsync();
        await using var store = await MortalStore.StartAsync(
            azurite.Endpoint, static request => request.Path.Value!.Contains("/packs/", StringComparison.Ordinal), azurite.KillAsync, azurite.StartAgainAsync);
        var address = $"azblob://{AzuriteServer.Account}/{await azurite.CreateContainerAsync()}/shop?endpoint={store.Address.OriginalString}{AzuriteServer.Account}";

        await LiveAsync(store, address, AzuriteServer.Account, azurite.Key);
    }

    private async Task LiveAsync(MortalStore store, string address, string user, string password)
    {
        _place.Environment["LIFE_VAULT"] = address;
        _place.Environment["SECUREBACKUP_TARGET_USER"] = user;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = password;
        for (var run = 1; run <= LifeStory.Runs; run++)
        {
            LifeStory.Write(run, _place[$"state-{run - 1}"], _place[$"state-{run}"], BigBytes);
        }

        Assert.Equal(["Owner", .. Succeeded(4)], await SayAsync("(New-BackupVault $v).Role; 1..4 | ForEach-Object { Backup $_ }"));

        store.DieAfter(DeadAfterPacks, comesBack: true);
        Assert.Equal(Succeeded(2), await SayAsync("Backup 5; Backup 6"));
        Assert.InRange(await store.RevivedAsync(), 1, int.MaxValue);

        store.DieAfter(DeadAfterPacks, comesBack: false);
        Assert.Equal([$"{FaultCodes.TargetUnavailable}"], await SayAsync("Get-ErrorId { Backup 7 }"));
        Assert.True(store.IsDead);
        Assert.Equal(DeadAfterPacks, store.Packs);
        await store.ReviveAsync();

        store.CountAnew();
        Assert.Equal(["6", .. Succeeded(1)], await SayAsync("@(Get-CustomerBackup -Vault $v).Count; Backup 7"));
        Assert.InRange(store.PackBytes, 1, BigBytes - ((DeadAfterPacks - 1L) * PackSize.DefaultBytes));

        Assert.Equal([.. Succeeded(3), "10"], await SayAsync("8..10 | ForEach-Object { Backup $_ }; @(Get-CustomerBackup -Vault $v).Count"));
        await LookBackAsync();
        await PruneAsync();
    }

    private async Task LookBackAsync()
    {
        var lines = await SayAsync("""
            $null = Connect-BackupVault $v
            $all = @(Get-CustomerBackup)
            [array]::Reverse($all)
            @($all[4] | Get-CustomerBackupItem shop/scan-*).Path
            @(Get-CustomerBackupItem shop/ledger.csv -All).Count
            foreach ($run in 1..10) { $null = $all[$run - 1] | Restore-CustomerBackup -Destination "./back-$run" }
            """);

        Assert.Equal(["shop/scan-5.bin", "10"], lines);
        for (var run = 1; run <= LifeStory.Runs; run++)
        {
            LifeStory.AssertSame(_place[$"state-{run}"], _place[$"back-{run}/shop"]);
        }
    }

    /// <summary>What is as young as everything is here a collection spares; <see cref="GcsVaultLifeTests"/> has a store whose clock can be moved. What is left stays whole.</summary>
    private async Task PruneAsync()
    {
        var lines = await SayAsync("""
            $null = Connect-BackupVault $v
            @(Remove-CustomerBackup -KeepLast 3 -Confirm:$false).Where({ $_.Action -eq 'Removed' }).Count
            $tidied = Optimize-BackupVault
            $tidied.BytesBefore -gt 0 -and $tidied.BytesAfter -eq $tidied.BytesBefore
            @(Get-CustomerBackup).Count
            @(Get-CustomerBackup | Test-CustomerBackup -ReadData).IsHealthy
            $null = Restore-CustomerBackup -Destination ./last
            """);

        Assert.Equal(["7", "True", "3", "True", "True", "True"], lines);
        LifeStory.AssertSame(_place[$"state-{LifeStory.Runs}"], _place["last/shop"]);
    }

    private Task<IReadOnlyList<string>> SayAsync(string script) => _place.LinesAsync(Words + script);

    private static IEnumerable<string> Succeeded(int times) => Enumerable.Repeat("Succeeded", times);
}
