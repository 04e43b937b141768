using System.Security.Cryptography;
using System.Text.Json;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>A proxy that this computer is set to, with a password in its address, and that lets nobody through.</summary>
public sealed class SystemProxyTests : IDisposable
{
    private const string Password = "geheim-4711";

    private readonly Workplace _place = new();

    public SystemProxyTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    public void Dispose() => _place.Dispose();

    /// <summary>Stores, and those who give tokens for them: whoever is asked first meets the proxy.</summary>
    [Theory]
    [InlineData(407)]
    [InlineData(403)]
    [InlineData(502)]
    public async Task Its_password_is_in_no_error(int status)
    {
        await using var proxy = await RefusingProxy.StartAsync(status);
        _place.Environment["HTTPS_PROXY"] = $"http://user:{Password}@{proxy.Address.Authority}";
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = ("one", "two");
        using var key = RSA.Create(2048);
        _place.Write("key.json", JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["type"] = "service_account", ["project_id"] = "p", ["private_key_id"] = "1", ["private_key"] = key.ExportPkcs8PrivateKeyPem(),
            ["client_email"] = "one@p.iam.gserviceaccount.com", ["client_id"] = "1", ["token_uri"] = "https://oauth2.googleapis.com/token",
        }));
        _place.Write("token", "header.payload.signature");

        var lines = await _place.LinesAsync("""
            function Try-It([string] $What, [scriptblock] $Action) {
                $failure = $null
                try { $null = & $Action } catch { $failure = $_ }
                "$What|$("$($failure.FullyQualifiedErrorId)".Split(',')[0])|$failure|$($failure.Exception)|$($failure.ErrorDetails)|$($failure.TargetObject)".Replace("`n", ' ').Replace("`r", ' ')
            }
            function Key([string] $User) { $secret = [securestring]::new(); 'c2VjcmV0'.ToCharArray().ForEach({ $secret.AppendChar($_) }); [pscredential]::new($User, $secret) }
            $role = 'arn:aws:iam::111122223333:role/backup'
            Try-It s3 { Register-BackupTarget one 's3://bucket1/x?region=eu-central-1' -Credential (Key k) }
            Try-It sts { Register-BackupTarget one 's3://bucket1/x?region=eu-central-1' -Credential (Key k) -RoleArn $role }
            Try-It web { Register-BackupTarget one 's3://bucket1/x?region=eu-central-1' -CredentialFile ./token -RoleArn $role }
            Try-It wasabi { Register-BackupTarget one 'wasabi://bucket1/x?region=eu-central-1' -Credential (Key k) }
            Try-It b2 { Register-BackupTarget one 'b2://bucket1/x?region=eu-central-003' -Credential (Key k) }
            Try-It own { Register-BackupTarget one 's3://bucket1/x?endpoint=https://store.example' -Credential (Key k) }
            Try-It ibm { Register-BackupTarget one 'ibmcos://bucket1/x?region=eu-de' -Credential (Key apikey) }
            Try-It azure { Register-BackupTarget one 'azblob://account1/container/x' -Credential (Key account1) }
            Try-It entra { Register-BackupTarget one 'azblob://account1/container/x' -Credential (Key client) -TenantId 11111111-2222-3333-4444-555555555555 }
            Try-It gcs { Register-BackupTarget one 'gs://bucket1/x' -CredentialFile ./key.json }
            Try-It dav { Register-BackupTarget one 'davs://store.example/x' -Credential (Key user) }
            Try-It vault { New-BackupVault 's3://bucket1/x?region=eu-central-1' }
            Try-It folder { New-BackupVault 'davs://store.example/x' }
            (Test-BackupTarget -Uri 's3://bucket1/x?region=eu-central-1' -Quick).Checks.Where({ $_.Result -eq 'Failed' }).ForEach({ "test|$($_.Code)|$_" })
            """);

        Assert.Equal(14, lines.Count);
        Assert.All(lines, line =>
        {
            Assert.DoesNotContain(Password, line, StringComparison.Ordinal);
            Assert.Equal($"{FaultCodes.TargetProxyRefused}", line.Split('|')[1]);
            Assert.Contains($"the proxy {proxy.Address.Authority} refused the connection ({status})", line, StringComparison.Ordinal);
        });
    }
}
