using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>A cmdlet that has ended, however it ended, leaves no connection to a store open: a session of a runbook lives for days.</summary>
public sealed class ClosedVaultTests : IDisposable
{
    private const string Afterwards = "afterwards";
    private const string NewDrive =
        "$x = $ExecutionContext.SessionState; $null = $x.Drive.New([Management.Automation.PSDriveInfo]::new('own', $x.Provider.GetOne('BackupVault'), $v, '', $null), 'Global')";

    private readonly Workplace _place = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("$null = Get-CustomerBackup -Vault $v", null)]
    [InlineData("$null = [pscustomobject]@{ Id = '7'; Name = 'Ada' } | Start-CustomerBackup -Vault $v -DataSet members -SubjectProperty Id", null)]
    [InlineData("Get-CustomerBackup -Vault $v -KeyFile ./missing.key", "SB4015")]
    [InlineData("Get-CustomerBackup -Vault $v -PassphraseSecret nowhere", "SB1830")]
    [InlineData("Connect-BackupVault $v -KeyFile ./missing.key", "SB4015")]
    [InlineData("$env:SECUREBACKUP_PASSPHRASE = 'not this one'; Connect-BackupVault $v", "SB4010")]
    [InlineData("$env:SECUREBACKUP_PASSPHRASE = 'not this one'; $null = Get-CustomerBackup -Vault $v", "SB4010")]
    [InlineData("$null = Connect-BackupVault $v; Disconnect-BackupVault $v", null)]
    [InlineData($"$env:SECUREBACKUP_PASSPHRASE = 'not this one'; {NewDrive}", "SB4010")]
    [InlineData($"{NewDrive}; Disconnect-BackupVault $v", null)]
    [InlineData("Restore-BackupVaultKey -Vault $v -Path ./missing.sheet -Confirm:$false", "SB1825")]
    public async Task No_connection_stays(string command, string? refusal)
    {
        await using var store = await S3Double.StartAsync();
        store.MakeBucket("backups", isVersioned: true);
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (store.Key.Id, store.Key.Secret);
        var query = $"?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1";
        var vault = $"$v = 's3://backups/x{query}'\n";
        await _place.LinesAsync(vault + "$null = New-BackupVault $v");
        var left = -1;
        store.Before = async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments($"/{Afterwards}", StringComparison.Ordinal))
            {
                left = await OthersAsync(store);
            }

            await next();
        };

        var lines = await _place.LinesAsync($$"""
            {{vault}}
            try { {{command}} } catch { for ($e = $_.Exception; $e.InnerException -and $e -isnot [SecureBackup.PowerShell.Faults.BackupCommandException]; $e = $e.InnerException) { }; $e.Code }
            try { Get-BackupVault 's3://{{Afterwards}}/x{{query}}' } catch { 'asked' }
            """);

        Assert.Equal("asked", lines[^1]);
        Assert.Equal(refusal, lines.Count > 1 ? lines[0] : null);
        Assert.Equal(0, left);
    }

    /// <summary>What a client closed the server hears a moment later.</summary>
    private static async Task<int> OthersAsync(S3Double store)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        while (store.Connections > 1 && !limit.IsCancellationRequested)
        {
            await Task.Yield();
        }

        return store.Connections - 1;
    }
}
