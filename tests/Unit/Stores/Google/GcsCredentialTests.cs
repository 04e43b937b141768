using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets;
using SecureBackup.Targets.Google;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>Each kind of credential: taken, gone on with after its token has ended, and refused in words that hold nothing of it.</summary>
public sealed class GcsCredentialTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private GcsStore _store = null!;
    private int _puts;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await GcsStore.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_text_of_a_key_file_is_a_secret_and_goes_on_after_its_token()
    {
        using var credential = _store.Credential();

        await GoesOnAsync(credential, "jwt");
    }

    [Fact]
    public async Task A_key_file_is_read_at_the_opening()
    {
        await File.WriteAllTextAsync(_folder["key.json"], _store.Iam.ServiceAccount(GcsStore.Account), Cancel);
        using var credential = TargetCredential.OfFile(_folder["key.json"], "of target offsite");

        await GoesOnAsync(credential, "jwt");
    }

    [Fact]
    public async Task A_workload_exchanges_its_token_and_speaks_for_the_account()
    {
        await File.WriteAllTextAsync(_folder["token"], GoogleIamDouble.ExpectedSubjectToken, Cancel);
        await File.WriteAllTextAsync(_folder["workload.json"], _store.Iam.Workload(_folder["token"], GcsStore.Account), Cancel);
        using var credential = TargetCredential.OfFile(_folder["workload.json"], "of target offsite");

        await GoesOnAsync(credential, "impersonation");

        _store.Server.Give(GcsStore.Account, "storage.objects.get");
        await using var target = RemoteTargets.Open(_store.Settings(("uniformaccess", "yes")), credential, GcsStore.Context);
        Assert.Equal(TargetFault.AccessDenied, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(target))).Fault);
    }

    [Fact]
    public async Task A_workload_whose_token_nobody_accepts_is_rejected()
    {
        await File.WriteAllTextAsync(_folder["token"], "another token", Cancel);
        await File.WriteAllTextAsync(_folder["workload.json"], _store.Iam.Workload(_folder["token"], GcsStore.Account), Cancel);
        using var credential = TargetCredential.OfFile(_folder["workload.json"], "of target offsite");
        await using var target = RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context);

        await AssertRejectedAsync(target, "another token");
    }

    [Fact]
    public async Task A_token_that_ends_is_renewed_before_it_is_refused()
    {
        _store.Iam.TokenLife = TimeSpan.FromSeconds(1);
        await using var target = _store.Open(("uniformaccess", "yes"));

        await PutAsync(target);
        await PutAsync(target);

        Assert.True(_store.Iam.Issued.Count >= 2);
        Assert.DoesNotContain(_store.Server.Requests, request => request.Status == 401);
    }

    [Fact]
    public async Task A_token_that_is_refused_all_the_same_is_not_asked_for_without_end()
    {
        _store.Iam.TokenLife = TimeSpan.FromSeconds(-1);
        await using var target = _store.Open();

        var error = await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(new ObjectName("a"), Cancel));

        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Equal(2, _store.Server.Requests.Count);
    }

    [Fact]
    public async Task A_forged_key_is_rejected()
    {
        using var credential = TargetCredential.Of("_json", _store.Iam.ServiceAccount(GcsStore.Account, isForged: true), "of target offsite");
        await using var target = RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context);

        await AssertRejectedAsync(target, "PRIVATE KEY");
    }

    [Fact]
    public async Task A_clock_that_is_off_is_said()
    {
        await using var iam = await GoogleIamDouble.StartAsync(new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddHours(-2)));
        using var credential = TargetCredential.Of("_json", iam.ServiceAccount(GcsStore.Account), "of target offsite");
        await using var target = RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(new ObjectName("a"), Cancel));

        Assert.Equal(TargetFault.ClockSkewed, error.Fault);
    }

    [Theory]
    [InlineData(503, "", TargetFault.Unavailable)]
    [InlineData(503, "null", TargetFault.Unavailable)]
    [InlineData(500, "<html>", TargetFault.Unavailable)]
    [InlineData(429, "", TargetFault.Unavailable)]
    [InlineData(400, "", TargetFault.KeyRejected)]
    public async Task An_error_without_words_is_judged_by_its_status(int status, string body, TargetFault expected)
    {
        await using var tokens = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body, Cancel);
        });
        var key = JsonNode.Parse(_store.Iam.ServiceAccount(GcsStore.Account))!;
        key["token_uri"] = $"{tokens.Address}token";
        using var credential = TargetCredential.Of("_json", key.ToJsonString(), "of target offsite");
        await using var target = RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context);

        Assert.Equal(expected, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(target))).Fault);
    }

    [Theory]
    [InlineData("a password")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"type":"something"}""")]
    [InlineData("""{"type":"service_account","client_email":"a@b","private_key":"-----BEGIN PRIVATE KEY-----\nbm8gc3VjaCBrZXk=\n-----END PRIVATE KEY-----"}""")]
    [InlineData("""{"type":"service_account","client_email":"a@b"}""")]
    [InlineData("""{"type":"external_account"}""")]
    public void A_secret_that_is_no_key_is_not_usable_and_not_shown(string secret)
    {
        using var credential = TargetCredential.Of("user", secret, "of target offsite");

        var error = Assert.Throws<RequestException>(() => RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context));

        Assert.Equal(FaultCodes.CredentialNotUsable, error.Code);
        Assert.DoesNotContain("bm8gc3VjaCBrZXk", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("a password", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_missing_and_an_unknown_identity_not_usable()
    {
        using var file = TargetCredential.OfFile(_folder["none.json"], "of target offsite");
        using var identity = TargetCredential.OfIdentity("profile:x");

        Assert.Equal(FaultCodes.CredentialMissing, Assert.Throws<RequestException>(() => RemoteTargets.Open(_store.Settings(), file, GcsStore.Context)).Code);
        Assert.Equal(FaultCodes.CredentialNotUsable, Assert.Throws<RequestException>(() => RemoteTargets.Open(_store.Settings(), identity, GcsStore.Context)).Code);
    }

    [Fact]
    public async Task A_machine_speaks_for_its_own_account()
    {
        var settings = GcsSettings.From(_store.Settings(), TimeSpan.FromSeconds(60));
        var tokens = GcsCredentials.OfMachine(settings, new Uri(_store.Iam.Address, "computeMetadata/v1/instance/service-accounts/default/token"));
        await using var target = new GcsTarget(settings, tokens, TimeProvider.System);

        await PutAsync(target);
        _store.Iam.RevokeAll();
        await PutAsync(target);

        Assert.All(_store.Iam.Issued, way => Assert.Equal("metadata", way));
        Assert.Equal(2, _store.Iam.Issued.Count);
    }

    [Fact]
    public async Task A_machine_is_asked_past_every_proxy()
    {
        await using var proxy = await RefusingProxy.StartAsync(403);
        var settings = GcsSettings.From(_store.Settings(("proxy", proxy.Address.Authority)), TimeSpan.FromSeconds(60));
        var tokens = GcsCredentials.OfMachine(settings, new Uri(_store.Iam.Address, "computeMetadata/v1/instance/service-accounts/default/token"));

        Assert.NotEmpty(await tokens.GetAsync(Cancel));
        Assert.Equal(0, proxy.Asked);
    }

    private async Task GoesOnAsync(TargetCredential credential, string way)
    {
        await using var target = RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context);
        await PutAsync(target);
        var issued = _store.Iam.Issued.Count;

        _store.Iam.RevokeAll();
        await PutAsync(target);
        await PutAsync(target);

        Assert.Equal(1, _store.Server.Requests.Count(request => request.Status == 401));
        Assert.Equal(2 * issued, _store.Iam.Issued.Count);
        Assert.Contains(way, _store.Iam.Issued);
    }

    private Task<PutReceipt> PutAsync(Target target) => target.PutAsync(new ObjectName($"packs/{++_puts}"), new MemoryStream([1, 2, 3]), PutOptions.Default, Cancel);

    private static async Task AssertRejectedAsync(Target target, string secret)
    {
        var error = await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(new ObjectName("a"), Cancel));
        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Contains("of target offsite", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("assertion", error.ToString(), StringComparison.Ordinal);
    }
}
