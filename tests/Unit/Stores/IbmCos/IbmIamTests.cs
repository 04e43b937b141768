using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Doubles.Ibm;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.IbmCos;

/// <summary>An API key instead of a signature: tokens are had, kept, renewed, and their loss is got over.</summary>
public sealed class IbmIamTests : IAsyncLifetime
{
    private readonly Clock _clock = new();
    private IbmIamDouble _iam = null!;
    private ScriptedStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _iam = await IbmIamDouble.StartAsync(_clock);
        _store = await ScriptedStore.StartAsync(request => _iam.IsValid(request.Headers.GetValueOrDefault("Authorization"))
            ? new ScriptedAnswer(200)
            : new ScriptedAnswer(401, "InvalidToken"));
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _iam.DisposeAsync();
    }

    [Fact]
    public async Task One_token_serves_many_requests_at_once_and_is_no_request_of_the_store()
    {
        await using var target = Open(_iam.ApiKey);
        Assert.Equal(0, _iam.Asked);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(index => PutAsync(target, $"packs/{index}")));

        Assert.Equal(1, _iam.Asked);
        Assert.Equal(8, target.Meter.Sample().Requests);
        Assert.All(_store.Seen, static request => Assert.StartsWith("Bearer ", request.Headers["Authorization"], StringComparison.Ordinal));
        Assert.All(_store.Seen, static request => Assert.True(request.Headers.ContainsKey("x-amz-checksum-sha256"), "nothing proves the body"));
    }

    [Fact]
    public async Task Puts_go_on_after_the_first_token_has_ended()
    {
        await using var target = Open(_iam.ApiKey);
        await PutAsync(target, "packs/one");
        _clock.Now += 0.79 * _iam.TokenLife;
        await PutAsync(target, "packs/two");
        Assert.Equal(1, _iam.Asked);

        _clock.Now += 0.02 * _iam.TokenLife;
        await PutAsync(target, "packs/three");
        _clock.Now += 10 * _iam.TokenLife;
        await PutAsync(target, "packs/four");

        Assert.Equal(3, _iam.Asked);
        Assert.Equal(4, target.Meter.Sample().Puts);
    }

    [Fact]
    public async Task A_token_that_is_taken_back_before_its_time_is_renewed_and_the_whole_body_sent_again()
    {
        await using var target = Open(_iam.ApiKey);
        await PutAsync(target, "packs/one");
        _iam.RevokeAll();

        await PutAsync(target, "packs/two");

        Assert.Equal(2, _iam.Asked);
        Assert.All(_store.Seen, static request => Assert.Equal([1, 2, 3], request.Body));
        Assert.Equal(3, target.Meter.Sample().Puts);
    }

    [Fact]
    public async Task A_key_that_is_refused_is_said_and_not_shown()
    {
        const string Wrong = "hunter2hunter2";
        await using var target = Open(Wrong);

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, "packs/one"));

        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Contains("BXNIM0415E", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Wrong, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_store.Seen);
    }

    [Theory]
    [InlineData(429, "{}", TargetFault.Throttled)]
    [InlineData(500, "oops", TargetFault.Unavailable)]
    [InlineData(503, "<html>", TargetFault.Unavailable)]
    [InlineData(400, "[]", TargetFault.KeyRejected)]
    [InlineData(403, "{\"errorCode\":7}", TargetFault.KeyRejected)]
    [InlineData(200, "<html>", TargetFault.Unavailable)]
    [InlineData(200, "{\"access_token\":\"a\\r\\nb\",\"expires_in\":3600}", TargetFault.Unavailable)]
    [InlineData(200, "{\"access_token\":\"abc\",\"expires_in\":0}", TargetFault.Unavailable)]
    [InlineData(200, "{\"access_token\":\"abc\"}", TargetFault.Unavailable)]
    public async Task Whatever_is_answered_instead_of_a_token_is_a_fault_of_the_target(int status, string body, TargetFault fault)
    {
        _iam.Refusal = (status, body);
        await using var target = Open(_iam.ApiKey);

        Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, "packs/one"))).Fault);
        _iam.Refusal = null;
        await PutAsync(target, "packs/one");
    }

    [Fact]
    public async Task A_token_server_that_is_not_there_is_no_key_that_is_refused()
    {
        await using var target = Open(_iam.ApiKey, new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}/identity/token"));

        Assert.Equal(TargetFault.Unavailable, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, "packs/one"))).Fault);
    }

    [Fact]
    public async Task A_token_server_that_nobody_vouches_for_gets_no_key()
    {
        using var folder = new TempFolder();
        using var certificate = Certificates.Make(folder.FullPath);
        await using var iam = await IbmIamDouble.StartAsync(_clock, certificate);
        await using var target = Open(iam.ApiKey, iam.TokenAddress);

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, "packs/one"));

        Assert.Equal(FaultCodes.TargetUntrusted, error.Code);
        Assert.Contains("a certificate of 'CN=localhost' that no trusted authority signed", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(iam.ApiKey, error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, iam.Asked);
        Assert.Empty(_store.Seen);
        await using var trusting = Open(iam.ApiKey, iam.TokenAddress, $"&ca={folder["ca.pem"]}");
        await Assert.ThrowsAsync<TargetException>(() => PutAsync(trusting, "packs/one"));
        Assert.True(iam.Asked > 0, "the authority that is trusted is not");
    }

    [Theory]
    [InlineData(403, false)]
    [InlineData(403, true)]
    [InlineData(407, false)]
    [InlineData(407, true)]
    public async Task A_proxy_that_refuses_is_told_from_a_key_that_is_refused(int status, bool isSecure)
    {
        using var folder = new TempFolder();
        using var certificate = Certificates.Make(folder.FullPath);
        await using var iam = await IbmIamDouble.StartAsync(_clock, isSecure ? certificate : null);
        await using var proxy = await RefusingProxy.StartAsync(status);
        await using var target = Open(iam.ApiKey, iam.TokenAddress, $"&proxy={proxy.Address.Authority}&ca={folder["ca.pem"]}");

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, "packs/one"));

        Assert.Equal((FaultCodes.TargetProxyRefused, FaultCodes.TargetProxyRefused.Remedy), (error.Code, error.Remedy));
        Assert.Contains(proxy.Address.Authority, error.Message, StringComparison.Ordinal);
        Assert.Contains($"{status}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(iam.ApiKey, error.ToString(), StringComparison.Ordinal);
        Assert.Equal((1, 0), (proxy.Asked, iam.Asked));
        Assert.Empty(_store.Seen);
    }

    private static Task<PutReceipt> PutAsync(Target target, string name) => target.PutAsync(new ObjectName(name), new MemoryStream([1, 2, 3]), PutOptions.Default, Cancel);

    private S3Target Open(string key, Uri? tokens = null, string more = "")
    {
        using var credential = TargetCredential.Of("apikey", key, "of the test");
        var address = TargetUri.Parse($"ibmcos://bucket/x?region=eu-de&conditionalput=yes&endpoint={_store.Address.OriginalString.TrimEnd('/')}{more}");
        var settings = S3Settings.From(new TargetSettings { Address = address }, IbmCosProfile.Instance, TimeSpan.FromSeconds(60));
        var (authorized, credentials) = IamKey.Authorize(settings, credential, _clock, tokens ?? _iam.TokenAddress);
        return new S3Target(authorized, credentials, new OpenContext(NullSink.Instance, _clock));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
