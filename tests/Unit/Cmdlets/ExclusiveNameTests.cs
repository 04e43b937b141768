using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Whoever makes a vault where two puts of one name may both be taken is told so, once.</summary>
public sealed class ExclusiveNameTests : IDisposable
{
    private const string Make = """
        function Make([string] $Place) {
            $null = New-BackupVault $Place -WarningVariable said -WarningAction SilentlyContinue
            "$($said.Count) $("$said".Split(':')[0])"
        }

        """;

    private readonly Workplace _place = new();

    public ExclusiveNameTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData(true, "1 SB1964")]
    [InlineData(false, "0 ")]
    public async Task A_bucket_of_which_a_test_found_it_out(bool ignoresConditions, string said)
    {
        await using var store = await S3Double.StartAsync(new S3DoubleOptions { IgnoresConditions = ignoresConditions });
        store.MakeBucket("backups");
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (store.Key.Id, store.Key.Secret);
        var place = $"s3://backups/x?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1";
        var lines = await _place.LinesAsync(Make + $$"""
            $null = Register-BackupTarget tried '{{place}}'
            $null = Register-BackupTarget untried '{{place.Replace("/x", "/y", StringComparison.Ordinal)}}'
            (Test-BackupTarget tried).HasConditionalPut
            Make tried
            Make untried
            """);

        Assert.Equal([$"{!ignoresConditions}", said, "0 "], lines);
        Assert.Equal("SB1964", $"{FaultCodes.NamesNotExclusive}");
    }

    [Fact]
    public async Task A_WebDAV_server_that_nobody_vouches_for()
    {
        var server = await TestServers.RcloneDavAsync();
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (server.User, server.Password);
        var lines = await _place.LinesAsync(Make + $$"""
            Make '{{server.DavAddress}}/{{server.CreateFolder()}}'
            Make '{{server.DavAddress}}/{{server.CreateFolder()}}?atomicmove=yes'
            Make ./vault
            """);

        Assert.Equal([$"1 {FaultCodes.NamesNotExclusive}", "0 ", "0 "], lines);
    }
}
