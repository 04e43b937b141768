using Azure.Storage.Sas;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Doubles.Azure;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>Each kind of credential: taken, gone on with after its token has ended, and refused in words that hold nothing of it.</summary>
public sealed class AzureCredentialTests : IAsyncLifetime
{
    private static readonly (string, string)[] Application = [("tenant", EntraDouble.Tenant), ("clientid", EntraDouble.Client)];

    private readonly TempFolder _folder = new();
    private AzureScene _scene = null!;
    private int _puts;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _scene = await AzureScene.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _scene.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_client_secret_goes_on_after_its_token()
    {
        using var credential = _scene.Secret();

        await GoesOnAsync(credential, "secret", Application);
    }

    [Fact]
    public async Task A_certificate_goes_on_after_its_token()
    {
        _scene.Entra.WriteCertificate(_folder["client.pem"]);
        using var credential = TargetCredential.OfFile(_folder["client.pem"], "of target offsite");

        await GoesOnAsync(credential, "certificate", Application);
    }

    [Fact]
    public async Task A_workload_goes_on_after_its_token()
    {
        await File.WriteAllTextAsync(_folder["token"], EntraDouble.FederatedToken, Cancel);
        using var environment = new ScopedEnvironment(("AZURE_FEDERATED_TOKEN_FILE", _folder["token"]));
        using var credential = TargetCredential.OfIdentity("workload");

        await GoesOnAsync(credential, "federated", Application);
    }

    /// <summary>In one test: the platform's library keeps the address of the metadata service for good.</summary>
    [Fact]
    public async Task The_identities_of_a_machine_go_on_after_their_tokens()
    {
        using var environment = new ScopedEnvironment(("AZURE_POD_IDENTITY_AUTHORITY_HOST", _scene.Entra.MachineAddress.OriginalString.TrimEnd('/')));
        using var credential = TargetCredential.OfIdentity("instance");

        // First, because the library keeps the way too: the machine is asked past every proxy, and the store is not.
        await using var proxy = await RefusingProxy.StartAsync(403);
        await using var hidden = _scene.Open(credential, ("clientid", "33334444-aaaa-2222-bbbb-3333cccc4444"), ("proxy", proxy.Address.Authority));
        Assert.Equal(TargetFault.ProxyRefused, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(hidden))).Fault);
        Assert.Equal((1, 1), (_scene.Entra.Issued.Count, proxy.Asked));

        foreach (var options in new (string, string)[][] { [], [("clientid", "22223333-aaaa-2222-bbbb-3333cccc4444")] })
        {
            // The library takes no token that has ended already, and fetches the next one while it uses one that is about to.
            _scene.Entra.TokenLife = TimeSpan.FromSeconds(1);
            await using var target = _scene.Open(credential, options);
            var enough = _scene.Entra.Issued.Count + 4;
            do
            {
                await PutAsync(target);
            }
            while (_scene.Entra.Issued.Count < enough && _puts < 10_000);

            Assert.Equal(enough, _scene.Entra.Issued.Count);
        }

        Assert.All(_scene.Entra.Issued, given => Assert.Equal("machine", given));
    }

    [Fact]
    public async Task What_the_environment_names_is_found_by_itself()
    {
        using var environment = new ScopedEnvironment(
            ("AZURE_TENANT_ID", EntraDouble.Tenant), ("AZURE_CLIENT_ID", EntraDouble.Client), ("AZURE_CLIENT_SECRET", _scene.Entra.Secret));
        using var credential = TargetCredential.OfIdentity("auto");

        await GoesOnAsync(credential, "secret");
    }

    [Fact]
    public async Task A_token_that_is_taken_back_is_a_rejected_credential()
    {
        using var credential = _scene.Secret();
        await using var target = _scene.Open(credential, Application);
        await PutAsync(target);
        _scene.Entra.RevokeAll();

        await AssertRejectedAsync(target, _scene.Entra.Secret);
    }

    [Fact]
    public async Task A_wrong_secret_is_rejected_and_not_repeated_though_the_platform_does()
    {
        using var credential = TargetCredential.Of(EntraDouble.Client, "hunter2hunter2", "of target offsite");
        await using var target = _scene.Open(credential, Application);

        await AssertRejectedAsync(target, "hunter2");
    }

    [Fact]
    public async Task Whoever_gives_tokens_and_cannot_now_is_asked_again_later()
    {
        _scene.Entra.IsDown = true;
        using var credential = _scene.Secret();
        await using var target = _scene.Open(credential, Application);

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target));
        Assert.Equal(TargetFault.Unavailable, error.Fault);

        _scene.Entra.IsDown = false;
        await PutAsync(target);
    }

    [Fact]
    public async Task A_clock_that_is_off_is_said_by_who_gives_tokens()
    {
        _scene.Entra.Time = new Google.ShiftedTime { Offset = TimeSpan.FromHours(2) };
        _scene.Entra.WriteCertificate(_folder["client.pem"]);
        using var credential = TargetCredential.OfFile(_folder["client.pem"], "of target offsite");
        await using var target = _scene.Open(credential, Application);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(new ObjectName("a"), Cancel));

        Assert.Equal(TargetFault.ClockSkewed, error.Fault);
    }

    [Fact]
    public async Task A_signature_is_taken_with_or_without_its_question_mark()
    {
        var signature = _scene.Azurite.SignatureOf(AccountSasPermissions.All);
        foreach (var given in new[] { signature, signature.TrimStart('?') })
        {
            using var credential = TargetCredential.Of("sas", given, "of target offsite");
            await using var target = _scene.Open(credential);
            await PutAsync(target);
        }
    }

    [Fact]
    public async Task A_signature_that_has_ended_is_a_rejected_credential()
    {
        var signature = _scene.Azurite.SignatureOf(AccountSasPermissions.All, DateTimeOffset.UtcNow.AddHours(-1));
        using var credential = TargetCredential.Of("sas", signature, "of target offsite");
        await using var target = _scene.Open(credential);

        await AssertRejectedAsync(target, signature[signature.IndexOf("sig=", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task A_key_of_the_account_is_taken_and_a_wrong_one_is_rejected()
    {
        using var credential = _scene.Key();
        await using var target = _scene.Open(credential);
        await PutAsync(target);
        var wrong = Convert.ToBase64String("another key altogether"u8);
        using var other = TargetCredential.Of(AzuriteServer.Account, wrong, "of target offsite");
        await using var refused = _scene.Open(other);

        await AssertRejectedAsync(refused, wrong);
    }

    [Theory]
    [InlineData("usgov", "blob.core.usgovcloudapi.net", "login.microsoftonline.us", "management.usgovcloudapi.net")]
    [InlineData("china", "blob.core.chinacloudapi.cn", "login.partner.microsoftonline.cn", "management.chinacloudapi.cn")]
    [InlineData("public", "blob.core.windows.net", "login.microsoftonline.com", "management.azure.com")]
    public void A_cloud_has_its_own_addresses_and_nobody_elses(string cloud, string blobs, string login, string management)
    {
        var settings = AzureSettings.From(new TargetSettings { Address = TargetUri.Parse($"azblob://account/container?cloud={cloud}") }, TimeSpan.FromSeconds(60));

        Assert.Equal(($"account.{blobs}", login, management), (settings.Endpoint.Host, settings.Cloud.Login.Host, settings.Cloud.Management.Host));
    }

    [Fact]
    public async Task Tokens_are_fetched_where_the_cloud_has_them_and_nowhere_else()
    {
        using var credential = _scene.Secret();
        var settings = _scene.Settings(Application) with { Cloud = AzureCloud.Find("china")! with { Login = new Uri("https://login.invalid/") } };
        await using var target = new AzureBlobTarget(settings, AzureCredentials.From(credential, settings), TimeProvider.System);

        await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(new ObjectName("a"), Cancel));

        Assert.Empty(_scene.Entra.Issued);
    }

    /// <summary>By the client's own word each token has ended when it comes, and the server takes no old one.</summary>
    private async Task GoesOnAsync(TargetCredential credential, string way, params (string Key, string Value)[] options)
    {
        _scene.Entra.TokenLife = TimeSpan.Zero;
        var before = _scene.Entra.Issued.Count;
        await using var target = _scene.Open(credential, options);

        await PutAsync(target);
        await PutAsync(target);

        Assert.Equal(before + 2, _scene.Entra.Issued.Count);
        Assert.All(_scene.Entra.Issued, given => Assert.Equal(way, given));
    }

    private async Task PutAsync(Target target) => await target.PutAsync(new ObjectName($"put-{_puts++}"), new MemoryStream([1, 2, 3]), PutOptions.Default, Cancel);

    private async Task AssertRejectedAsync(Target target, string secret)
    {
        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target));
        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Contains("of target offsite", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Variables that nobody but the platform's own library reads, and only where an identity is asked for.</summary>
    private sealed class ScopedEnvironment : IDisposable
    {
        private readonly (string Name, string Value)[] _variables;

        public ScopedEnvironment(params (string Name, string Value)[] variables)
        {
            _variables = variables;
            foreach (var (name, value) in variables)
            {
                Environment.SetEnvironmentVariable(name, value);
            }
        }

        public void Dispose()
        {
            foreach (var (name, _) in _variables)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }
    }
}
