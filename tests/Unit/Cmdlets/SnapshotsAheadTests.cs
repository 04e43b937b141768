using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Which cmdlets list the snapshots of a vault far away while they open it: those that begin with them, and none that removes by what it finds.</summary>
public sealed class SnapshotsAheadTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("Get-CustomerBackup -Vault $v", true, 1)]
    [InlineData("Start-CustomerBackup -Vault $v -LiteralPath ./crm", true, 1)]
    [InlineData("Start-CustomerBackup -Vault $v -LiteralPath ./crm -AsJob | Wait-Job", true, 1)]
    [InlineData("Test-CustomerBackup -Vault $v", true, 1)]
    [InlineData("Restore-CustomerBackup -Vault $v -DataSet crm -Destination ./out", true, 1)]
    [InlineData("Restore-CustomerBackup -Vault $v -DataSet crm -Destination ./out -InPlace -Mirror -Confirm:$false", false, 1)]
    [InlineData("Restore-CustomerBackup -Vault $v -Snapshot $s.Id -Destination ./out", false, 0)]
    [InlineData("Remove-CustomerBackup -Vault $v -KeepLast 1 -Confirm:$false", false, 1)]
    [InlineData("Get-BackupVaultMember -Vault $v", false, 1)]
    public async Task The_snapshots_are_listed_before_the_keys_are_had(string command, bool isAhead, int listings)
    {
        await using var store = await S3Double.StartAsync();
        store.MakeBucket("backups", isVersioned: true);
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (store.Key.Id, store.Key.Secret);
        var vault = $"$v = 's3://backups/x?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1'\n";
        await _place.LinesAsync(vault + "$null = New-BackupVault $v; $null = Start-CustomerBackup -Vault $v -LiteralPath ./crm");
        var id = Assert.Single(await _place.LinesAsync(vault + "(Get-CustomerBackup -Vault $v).Id"));
        var before = store.Requests.Count;

        await _place.LinesAsync($"{vault}$s = @{{ Id = '{id}' }}; $null = {command}");

        var asked = store.Requests.Skip(before).Select(static request => request.Target).ToList();
        var listed = asked.FindIndex(IsListing);
        var opened = asked.FindIndex(static target => target.Contains("/keys/", StringComparison.Ordinal));
        Assert.True(opened > 0, string.Join('\n', asked));
        Assert.Equal(listings, asked.Count(IsListing));
        Assert.Equal(isAhead, listed >= 0 && listed < opened);
    }

    private static bool IsListing(string target) => target.Contains("snapshots%2F", StringComparison.OrdinalIgnoreCase) && target.Contains("list-type", StringComparison.Ordinal);
}
