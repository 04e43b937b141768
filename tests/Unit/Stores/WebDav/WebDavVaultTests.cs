using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Cmdlets;

namespace SecureBackup.Tests.Unit.Stores.WebDav;

/// <summary>The packaged module with its vault on a WebDAV server, by a bare address and by a name.</summary>
public sealed class WebDavVaultTests : IDisposable
{
    private const string Secret = "hunter2hunter2";

    private const string Prepare = BackupVaultKeyTests.Secure + """

        $login = [pscredential]::new($env:TEST_USER, (Secure $env:TEST_PASSWORD))

        """;

    private readonly Workplace _place = new();

    public WebDavVaultTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_is_made_filled_and_restored_on_a_WebDAV_server()
    {
        var (server, folder) = await UseFolderAsync();
        var address = $"dav://{server.Authority}/{folder}";
        var lines = await _place.LinesAsync($$"""
            ($env:SECUREBACKUP_TARGET_USER, $env:SECUREBACKUP_TARGET_PASSWORD) = ($env:TEST_USER, $env:TEST_PASSWORD)
            $vault = New-BackupVault '{{address}}' -WarningAction SilentlyContinue
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
    public async Task A_vault_lives_at_a_name_over_TLS_with_an_authority_of_ones_own()
    {
        var (server, folder) = await UseFolderAsync();
        _place.Environment["AUTHORITY"] = server.AuthorityFile;
        var lines = await _place.LinesAsync(Prepare + $$"""
            $target = Register-BackupTarget -Name cloud -Uri davs://{{server.SecureAuthority}}/{{folder}} -Credential $login -CertificateAuthority $env:AUTHORITY
            $target.Platform, $target.Credential -join ' '
            (New-BackupVault cloud -WarningAction SilentlyContinue).Path
            (Start-CustomerBackup ./crm -Vault target:cloud).FileCount
            $null = Restore-CustomerBackup -Vault cloud -Destination ./out
            [IO.File]::ReadAllText("$PWD/out/crm/notes/today.txt").Trim()
            @(Test-CustomerBackup -Vault cloud -ReadData).IsHealthy
            """);

        Assert.Equal(["WebDAV Stored", "target:cloud", "3", "Call Ada back.", "True"], lines);
    }

    [Fact]
    public async Task What_is_wrong_is_said_before_a_target_is_kept_and_no_secret_with_it()
    {
        var (server, folder) = await UseFolderAsync();
        _place.Environment["WRONG"] = Secret;
        var (plain, secure) = ($"dav://{server.Authority}", $"davs://{server.SecureAuthority}");
        var result = await _place.RunAsync(Prepare + $$"""
            Get-ErrorId { Register-BackupTarget cloud {{plain}}/no-such-folder -Credential $login }
            Get-ErrorId { Register-BackupTarget cloud {{plain}}/{{folder}} -Credential ([pscredential]::new('u', (Secure $env:WRONG))) }
            Get-ErrorId { Register-BackupTarget cloud {{plain}}/{{folder}} }
            Get-ErrorId { Register-BackupTarget cloud {{secure}}/{{folder}} -Credential $login }
            Get-ErrorId { Register-BackupTarget cloud dav://dav.example.org/x -Credential $login }
            Get-ErrorId { Register-BackupTarget cloud davs://u:{{Secret}}@dav.example.org/x }
            Get-ErrorId { Register-BackupTarget cloud {{plain}}/{{folder}} -Credential $login -Option @{ conditionalput = 'yes' } }
            [IO.Directory]::Exists("$PWD/config/targets")
            $Error.ForEach({ "$_ $($_.Exception) $($_.ErrorDetails.RecommendedAction)" })
            """);

        var lines = result.ShouldSucceed().OutputLines;
        Assert.Equal(
            [
                $"{FaultCodes.TargetPlaceMissing}", $"{FaultCodes.TargetKeyRejected}", $"{FaultCodes.TargetKeyRejected}", $"{FaultCodes.TargetUntrusted}", $"{FaultCodes.PlainHttpRefused}",
                $"{FaultCodes.SecretInAddress}", $"{FaultCodes.TargetOptionInvalid}", "False",
            ],
            lines.Take(8));
        Assert.DoesNotContain(Secret, string.Concat(lines), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, string.Concat(lines), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(server.Root, folder)));
    }

    private async Task<(ApacheDav Server, string Folder)> UseFolderAsync()
    {
        var server = await TestServers.ApacheAsync();
        (_place.Environment["TEST_USER"], _place.Environment["TEST_PASSWORD"]) = (server.User, server.Password);
        return (server, server.CreateFolder());
    }
}
