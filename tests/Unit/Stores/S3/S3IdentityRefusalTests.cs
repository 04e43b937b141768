using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.S3Compatible;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>Credentials that are refused or cannot be had: which code, what to do, and nothing of what is secret.</summary>
public sealed class S3IdentityRefusalTests : IAsyncLifetime
{
    private const string Role = S3IdentityScene.Role;

    private S3IdentityScene _scene = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _scene = await S3IdentityScene.StartAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Theory]
    [InlineData(Role, "another", "(AccessDenied)")]
    [InlineData(Role, null, "(AccessDenied)")]
    [InlineData("arn:aws:iam::123456789012:role/of-somebody-else", "shop-7", "(AccessDenied)")]
    public async Task A_role_that_is_not_given(string role, string? externalId, string code)
    {
        _scene.Tokens.Roles[Role].ExternalId = "shop-7";
        using var credential = _scene.Keys();

        var error = await RefusalAsync(credential, externalId is null ? [("rolearn", role)] : [("rolearn", role), ("externalid", externalId)]);

        Assert.Equal(FaultCodes.TargetKeyRejected, error.Code);
        Assert.Contains($"No session of the role '{role}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("of the target 'offsite'", error.Message, StringComparison.Ordinal);
        Assert.Contains(code, error.Message, StringComparison.Ordinal);
        Assert.Contains("-ExternalId", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_the_token_service_does_not_know()
    {
        using var credential = TargetCredential.Of("AKIANOBODY", "hunter2hunter2", "of the target 'offsite'");

        var error = await RefusalAsync(credential, ("rolearn", Role));

        Assert.Equal(FaultCodes.TargetKeyRejected, error.Code);
        Assert.Contains("(InvalidClientTokenId)", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "(ExpiredTokenException)")]
    [InlineData(false, "(InvalidIdentityToken)")]
    public async Task The_token_of_a_web_identity_that_is_too_old_or_of_nobody(bool isExpired, string code)
    {
        if (isExpired)
        {
            _scene.Tokens.Roles[Role].WebTokenEnds = _scene.Clock.GetUtcNow();
        }
        else
        {
            _scene.Tokens.Roles[Role].WebToken = "another";
        }

        using var credential = TargetCredential.OfFile(_scene.TokenFile, "in the file");
        var error = await RefusalAsync(credential, ("rolearn", Role));

        Assert.Equal(FaultCodes.TargetKeyRejected, error.Code);
        Assert.Contains(_scene.TokenFile, error.Message, StringComparison.Ordinal);
        Assert.Contains(code, error.Message, StringComparison.Ordinal);
        Assert.Contains("still renews it", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_file_that_is_not_there_or_holds_none()
    {
        using var missing = TargetCredential.OfFile("/no/such/token", "in the file");
        Assert.Equal(FaultCodes.CredentialMissing, (await RefusalAsync(missing, ("rolearn", Role))).Code);

        await File.WriteAllTextAsync(_scene.TokenFile, " \n", Cancel);
        using var empty = TargetCredential.OfFile(_scene.TokenFile, "in the file");
        Assert.Equal(FaultCodes.CredentialNotUsable, (await RefusalAsync(empty, ("rolearn", Role))).Code);
    }

    [Fact]
    public async Task An_instance_without_a_role()
    {
        _scene.Machine.Role = null;

        var error = await RefusalAsync(TargetCredential.OfIdentity("instance"));

        Assert.Equal(FaultCodes.CredentialMissing, error.Code);
        Assert.Contains("Attach an instance profile", error.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("instance", "hop limit")]
    [InlineData("container", "its agent runs")]
    public async Task A_machine_on_which_nobody_answers(string identity, string remedy)
    {
        _scene.Environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";
        _scene.Environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/credentials";

        var error = await RefusalAsync(TargetCredential.OfIdentity(identity));

        Assert.Equal(FaultCodes.CredentialMissing, error.Code);
        Assert.Contains("127.0.0.1:1 does not answer", error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_says_the_wrong_thing_of_itself()
    {
        _scene.Machine.ContainerToken = "of the pod";
        _scene.Environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = _scene.Machine.ContainerAddress.AbsoluteUri;
        _scene.Environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "of-another-pod";

        var error = await RefusalAsync(TargetCredential.OfIdentity("container"));

        Assert.Equal(FaultCodes.TargetKeyRejected, error.Code);
        Assert.DoesNotContain("of-another-pod", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("container", nameof(FaultCodes.CredentialMissing))]
    [InlineData("workload", nameof(FaultCodes.CredentialMissing))]
    [InlineData("profile:nobody", nameof(FaultCodes.CredentialMissing))]
    [InlineData("profile:", nameof(FaultCodes.CredentialNotUsable))]
    [InlineData("passport", nameof(FaultCodes.CredentialNotUsable))]
    public void What_this_computer_has_not_is_said_before_anything_is_asked(string identity, string code)
    {
        var error = Assert.Throws<RequestException>(() => _scene.Open(TargetCredential.OfIdentity(identity)));

        Assert.Equal(code, error.Code.Name);
    }

    [Theory]
    [InlineData("http://10.0.0.1/credentials")]
    [InlineData("ftp://127.0.0.1/credentials")]
    [InlineData("somewhere")]
    public void A_container_asks_no_stranger(string address)
    {
        _scene.Environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = address;

        Assert.Equal(FaultCodes.CredentialNotUsable, Assert.Throws<RequestException>(() => _scene.Open(TargetCredential.OfIdentity("container"))).Code);
    }

    /// <summary>A store that gives sessions itself may be anybody: it gets a token of AWS's where the user says so, and never because one lies about.</summary>
    [Theory]
    [InlineData("auto", "variable", false)]
    [InlineData("auto", "profile", false)]
    [InlineData("workload", "variable", true)]
    [InlineData("profile:default", "profile", true)]
    public async Task The_token_of_a_web_identity_is_not_found_for_a_store_of_ones_own(string identity, string where, bool isNamed)
    {
        if (where is "variable")
        {
            (_scene.Environment["AWS_WEB_IDENTITY_TOKEN_FILE"], _scene.Environment["AWS_ROLE_ARN"]) = (_scene.TokenFile, Role);
        }
        else
        {
            await File.WriteAllTextAsync(_scene.ProfileFile, $"[default]\nrole_arn = {Role}\nweb_identity_token_file = {_scene.TokenFile}\n", Cancel);
        }

        var settings = S3Settings.From(new TargetSettings { Address = TargetUri.Parse("s3://offsite/shop?endpoint=https://minio.example") }, S3CompatibleProfile.Instance, TimeSpan.FromSeconds(60));
        using var credential = TargetCredential.OfIdentity(identity);

        var error = Record.Exception(() => S3Identities.From(credential, settings, TimeProvider.System, name => _scene.Environment.GetValueOrDefault(name)));

        Assert.Equal(isNamed ? null : FaultCodes.CredentialMissing, (error as RequestException)?.Code);
    }

    [Theory]
    [InlineData("rolearn", "backup")]
    [InlineData("rolearn", "arn:aws:s3:::bucket")]
    [InlineData("externalid", "shop-7")]
    public void A_role_that_is_none(string option, string value) =>
        Assert.Equal(FaultCodes.TargetOptionInvalid, Assert.Throws<RequestException>(() => _scene.Settings((option, value))).Code);

    [Fact]
    public void A_file_without_a_role_is_no_credential()
    {
        using var credential = TargetCredential.OfFile(_scene.TokenFile, "in the file");

        var error = Assert.Throws<RequestException>(() => _scene.Open(credential));

        Assert.Equal(FaultCodes.CredentialNotUsable, error.Code);
        Assert.Contains("'rolearn'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mfa_serial = arn:aws:iam::1:mfa/ada\nsource_profile = shop")]
    [InlineData("source_profile = other")]
    [InlineData("")]
    public async Task A_profile_that_cannot_be_gone_on_with_alone(string more)
    {
        await File.WriteAllTextAsync(_scene.ProfileFile, $"[shop]\nrole_arn = {Role}\n{more}\n[other]\nrole_arn = {Role}\nsource_profile = shop\n", Cancel);

        Assert.Equal(FaultCodes.CredentialNotUsable, Assert.Throws<RequestException>(() => _scene.Open(TargetCredential.OfIdentity("profile:shop"))).Code);
    }

    [Theory]
    [InlineData(503, "", nameof(FaultCodes.TargetUnavailable))]
    [InlineData(200, "<html>", nameof(FaultCodes.TargetUnavailable))]
    [InlineData(404, "<html>", nameof(FaultCodes.TargetUnsupported))]
    [InlineData(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>", nameof(FaultCodes.TargetThrottled))]
    [InlineData(400, "<ErrorResponse><Error><Code>RequestExpired</Code></Error></ErrorResponse>", nameof(FaultCodes.TargetClockSkewed))]
    public async Task A_token_service_that_is_none_or_has_no_time(int status, string body, string code)
    {
        _scene.Tokens.Before = async (context, _) =>
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body);
        };
        using var credential = _scene.Keys();

        Assert.Equal(code, (await RefusalAsync(credential, ("rolearn", Role))).Code.Name);
    }

    [Fact]
    public async Task A_token_service_that_falls_silent_is_given_up()
    {
        var ends = new TaskCompletionSource();
        _scene.Tokens.Before = (_, _) => ends.Task;
        using var credential = _scene.Keys();
        await using var target = S3Scene.Open(_scene.Settings(("rolearn", Role)) with { StallTimeout = TimeSpan.FromMilliseconds(200) }, credential, TimeProvider.System);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(new ObjectName("a"), Cancel));
        ends.SetResult();

        Assert.Equal(TargetFault.Unavailable, error.Fault);
        Assert.Contains("nothing moved", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_that_is_secret_is_shown()
    {
        using var credential = _scene.Keys();
        var settings = _scene.Settings(("rolearn", Role));
        using var credentials = S3Identities.From(credential, settings, _scene.Clock);
        var session = await credentials.GetAsync(Cancel);

        var shown = $"{session} {credentials} {credentials.Label} {credentials.Remedy} {credential} {settings}";

        Assert.DoesNotContain(_scene.Account.Sessions.Secrets.Append(_scene.Account.Key.Secret), secret => shown.Contains(secret, StringComparison.Ordinal));
    }

    /// <summary>What the service says holds what was sent; the error does not.</summary>
    private async Task<BackupException> RefusalAsync(TargetCredential credential, params (string, string)[] options)
    {
        await using var target = _scene.Open(credential, options);
        var error = await Assert.ThrowsAnyAsync<BackupException>(() => target.StatAsync(new ObjectName("a"), Cancel));

        Assert.DoesNotContain(S3IdentityScene.WebToken, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_scene.Account.Key.Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_scene.Store.Requests);
        return error;
    }
}
