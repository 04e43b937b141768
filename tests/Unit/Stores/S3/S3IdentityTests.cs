using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>Each kind of credential: taken, gone on with after its session has ended or was taken back, renewed once for all who wait.</summary>
public sealed class S3IdentityTests : IAsyncLifetime
{
    private const string Role = S3IdentityScene.Role;

    /// <summary>Short of the time that a signature may be old.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    private S3IdentityScene _scene = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _scene = await S3IdentityScene.StartAsync();
        (_scene.Tokens.Life, _scene.Machine.Life) = (Life, Life);
    }

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task A_role_is_taken_on_with_keys_and_the_external_id_that_its_owner_asks_for()
    {
        _scene.Tokens.Roles[Role].ExternalId = "shop-7";
        using var credential = _scene.Keys();
        await using var target = _scene.Open(credential, ("rolearn", Role), ("externalid", "shop-7"));

        await AssertGoesOnAsync(target, "role");

        Assert.All(_scene.Tokens.Requests, static request => Assert.Equal("AssumeRole 200", request));
    }

    [Fact]
    public async Task A_web_identity_takes_a_role_on_by_what_the_environment_names()
    {
        _scene.Environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = _scene.TokenFile;
        _scene.Environment["AWS_ROLE_ARN"] = Role;
        await using var target = _scene.Open(TargetCredential.OfIdentity("workload"));

        await AssertGoesOnAsync(target, "web");

        Assert.All(_scene.Tokens.Requests, static request => Assert.Equal("AssumeRoleWithWebIdentity 200", request));
    }

    [Fact]
    public async Task The_token_of_a_web_identity_is_read_anew_for_each_session()
    {
        using var credential = TargetCredential.OfFile(_scene.TokenFile, "in the file");
        await using var target = _scene.Open(credential, ("rolearn", Role));
        await _scene.PutAsync(target);
        _scene.Tokens.Roles[Role].WebToken = "renewed";
        await File.WriteAllTextAsync(_scene.TokenFile, "renewed\n", Cancel);

        await AssertGoesOnAsync(target, "web", already: 1);
    }

    [Fact]
    public async Task An_instance_speaks_for_its_role()
    {
        await using var target = _scene.Open(TargetCredential.OfIdentity("instance"));

        await AssertGoesOnAsync(target, "instance");
    }

    [Fact]
    public async Task A_container_speaks_for_its_role_and_says_what_its_platform_gave_it()
    {
        _scene.Machine.ContainerToken = "of the pod";
        await File.WriteAllTextAsync(_scene.TokenFile, "of the pod", Cancel);
        _scene.Environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = _scene.Machine.ContainerAddress.AbsoluteUri;
        _scene.Environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = _scene.TokenFile;
        await using var target = _scene.Open(TargetCredential.OfIdentity("container"));

        await AssertGoesOnAsync(target, "container");
    }

    [Fact]
    public async Task A_role_is_taken_on_with_the_sessions_of_an_instance()
    {
        await using var target = _scene.Open(TargetCredential.OfIdentity("instance"), ("rolearn", Role));

        await AssertGoesOnAsync(target, "role");

        Assert.Contains("instance", _scene.Account.Sessions.Issued);
    }

    [Theory]
    [InlineData("source_profile = base")]
    [InlineData("credential_source = Ec2InstanceMetadata")]
    [InlineData("web_identity_token_file = {token}")]
    public async Task A_profile_takes_a_role_on_as_its_file_says(string how)
    {
        await File.WriteAllTextAsync(
            _scene.ProfileFile,
            $"""
            [base]
            aws_access_key_id = {_scene.Account.Key.Id}
            aws_secret_access_key = {_scene.Account.Key.Secret}
            [shop]
            role_arn = {Role}
            {how.Replace("{token}", _scene.TokenFile, StringComparison.Ordinal)}
            """,
            Cancel);
        await using var target = _scene.Open(TargetCredential.OfIdentity("profile:shop"));

        await AssertGoesOnAsync(target, how.StartsWith("web", StringComparison.Ordinal) ? "web" : "role");
    }

    [Fact]
    public async Task The_session_of_a_profile_is_read_anew_when_it_is_refused()
    {
        await WriteSessionAsync();
        await using var target = _scene.Open(TargetCredential.OfIdentity("profile:shop"));
        await _scene.PutAsync(target);

        _scene.Account.Sessions.RevokeAll();
        await WriteSessionAsync();
        await _scene.PutAsync(target);

        Assert.Equal([200, 400, 200], _scene.Store.Requests.Select(static request => request.Status));
    }

    [Fact]
    public async Task A_pair_may_have_the_token_of_a_session()
    {
        var session = _scene.Account.Sessions.Issue("hand", _scene.Clock.GetUtcNow() + Life);
        using var credential = TargetCredential.Of(session.Key.Id, session.Key.Secret, "in the variables", session.Token);
        await using var target = _scene.Open(credential);
        await _scene.PutAsync(target);

        _scene.Clock.Advance(Life);
        var error = await Assert.ThrowsAsync<TargetException>(() => _scene.PutAsync(target));

        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Contains("(ExpiredToken", error.Message, StringComparison.Ordinal);
        Assert.Equal([200, 400], _scene.Store.Requests.Select(static request => request.Status));
    }

    [Fact]
    public async Task Whoever_is_asked_first_where_nothing_is_named()
    {
        _scene.Environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = _scene.Machine.ContainerAddress.AbsoluteUri;
        await AssertFoundAsync("container");
        await WriteSessionAsync("default");
        await AssertFoundAsync("file");
        _scene.Environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = _scene.TokenFile;
        _scene.Environment["AWS_ROLE_ARN"] = Role;
        await AssertFoundAsync("web");
        _scene.Environment["AWS_ACCESS_KEY_ID"] = _scene.Account.Key.Id;
        _scene.Environment["AWS_SECRET_ACCESS_KEY"] = _scene.Account.Key.Secret;
        await AssertFoundAsync("web");

        Assert.Contains(_scene.Account.Key.Id, _scene.Store.Requests.Last().Headers["authorization"], StringComparison.Ordinal);

        _scene.Environment.Clear();
        _scene.Environment["AWS_SHARED_CREDENTIALS_FILE"] = "/no/such/file";
        _scene.Environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = _scene.Machine.Endpoint.AbsoluteUri;
        await AssertFoundAsync("instance");
        _scene.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        Assert.Equal(FaultCodes.CredentialMissing, Assert.Throws<RequestException>(() => _scene.Open(TargetCredential.OfIdentity("auto"))).Code);
    }

    [Fact]
    public async Task Sixteen_who_wait_are_served_by_one_session()
    {
        using var credential = _scene.Keys();
        await using var target = _scene.Open(credential, ("rolearn", Role));

        await AllAtOnceAsync(target);
        Assert.Single(_scene.Account.Sessions.Issued);
        _scene.Clock.Advance(Life);
        await AllAtOnceAsync(target);

        Assert.Equal(2, _scene.Account.Sessions.Issued.Count);
        Assert.DoesNotContain(_scene.Store.Requests, static request => request.Status != 200);
    }

    [Fact]
    public async Task A_session_that_was_taken_back_is_renewed_once_for_all_and_the_request_sent_again()
    {
        using var credential = _scene.Keys();
        await using var target = _scene.Open(credential, ("rolearn", Role));
        await _scene.PutAsync(target);

        _scene.Account.Sessions.RevokeAll();
        await AllAtOnceAsync(target);

        Assert.Equal(2, _scene.Account.Sessions.Issued.Count);
        Assert.InRange(target.Meter.Sample().Retries, 1, 16);
        Assert.Equal(17 + target.Meter.Sample().Retries, target.Meter.Sample().Puts);
        Assert.Equal(target.Meter.Sample().Puts, target.Meter.Sample().Requests);
    }

    [Fact]
    public async Task A_session_that_is_refused_all_the_same_is_not_asked_for_without_end()
    {
        using var credential = _scene.Keys();
        await using var target = _scene.Open(credential, ("rolearn", Role));
        _scene.Store.Before = async (context, _) =>
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync("<Error><Code>ExpiredToken</Code></Error>");
        };

        var error = await Assert.ThrowsAsync<TargetException>(() => _scene.PutAsync(target));

        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Equal(2, _scene.Account.Sessions.Issued.Count);
        Assert.Equal(2, target.Meter.Sample().Requests);
    }

    [Fact]
    public async Task A_session_holds_to_its_end_where_it_cannot_be_renewed()
    {
        using var credential = _scene.Keys();
        await using var target = _scene.Open(credential, ("rolearn", Role));
        await _scene.PutAsync(target);
        _scene.Tokens.Before = static (context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };

        _scene.Clock.Advance(Life * 0.9);
        await _scene.PutAsync(target);
        _scene.Clock.Advance(Life * 0.2);
        var error = await Assert.ThrowsAsync<TargetException>(() => _scene.PutAsync(target));
        _scene.Tokens.Before = null;
        await _scene.PutAsync(target);

        Assert.True(error.IsTransient);
        Assert.All(_scene.Store.Requests, static request => Assert.Equal(200, request.Status));
    }

    /// <summary>After the session has ended, and after the next one was taken back.</summary>
    private async Task AssertGoesOnAsync(Target target, string way, int already = 0)
    {
        await _scene.PutAsync(target);
        _scene.Clock.Advance(Life);
        await _scene.PutAsync(target);
        await _scene.PutAsync(target);
        Assert.All(_scene.Store.Requests, static request => Assert.Equal(200, request.Status));

        _scene.Account.Sessions.RevokeAll();
        await _scene.PutAsync(target);

        Assert.Equal(3, _scene.Account.Sessions.Issued.Count(issued => string.Equals(issued, way, StringComparison.Ordinal)));
        Assert.Equal(1, _scene.Store.Requests.Count(static request => request.Status == 400));
        Assert.Equal(5 + already, target.Meter.Sample().Requests);
    }

    private async Task AssertFoundAsync(string way)
    {
        await using var target = _scene.Open(TargetCredential.OfIdentity("auto"));
        await _scene.PutAsync(target);
        Assert.Equal(way, _scene.Account.Sessions.Issued.Last());
    }

    private async Task AllAtOnceAsync(Target target) => await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => _scene.PutAsync(target), Cancel)));

    private Task WriteSessionAsync(string profile = "shop")
    {
        var session = _scene.Account.Sessions.Issue("file", _scene.Clock.GetUtcNow() + TimeSpan.FromHours(1));
        return File.WriteAllTextAsync(
            _scene.ProfileFile, $"[{profile}]\naws_access_key_id = {session.Key.Id}\naws_secret_access_key = {session.Key.Secret}\naws_session_token = {session.Token}\n", Cancel);
    }
}
