using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using SecureBackup.Tests.Servers.Doubles;

namespace SecureBackup.Tests.Unit.Stores;

/// <summary>What is shown of those who have proved nothing.</summary>
public sealed class StrangersTextTests
{
    [Theory]
    [InlineData("CN=M\u00fcller, O=\u65e5\u672c", "CN=M\u00fcller, O=\u65e5\u672c")]
    [InlineData("a\u001b[2Jb\r\nc", "a?[2Jb??c")]
    [InlineData("a\u202eb\u2028c\u0085d", "a?b?c?d")]
    public void Nothing_in_it_is_obeyed_by_a_terminal(string written, string shown) => Assert.Equal(shown, StrangersText.Of(written));

    [Fact]
    public void It_is_a_line_at_the_most() => Assert.Equal(200, StrangersText.Of(new string('x', 5000)).Length);

    [Fact]
    public async Task The_subject_of_a_certificate_that_nobody_signed_is_shown_so()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName("shop\u001b[2Jbank");
        using var made = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        await using var server = await LoopbackServer.StartAsync(static _ => Task.CompletedTask, certificate);
        using var client = StoreHttp.CreateClient(new HttpStoreOptions { Endpoint = server.Address, Meter = new TargetMeter(), Classify = static _ => null });

        var error = HttpFaults.From(await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(server.Address, TestContext.Current.CancellationToken)), "asked");

        Assert.Equal(TargetFault.Untrusted, error!.Fault);
        Assert.Contains("shop?[2Jbank", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", error.ToString(), StringComparison.Ordinal);
    }
}
