using System.Net.Sockets;
using System.Text;
using Azure;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>What the platform may answer, by a server that says nothing else.</summary>
public sealed class AzureRefusalTests
{
    private static readonly ObjectName Name = new("packs/ab/abcdef-01");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(404, "BlobNotFound", TargetFault.NotFound)]
    [InlineData(404, "ContainerNotFound", TargetFault.PlaceMissing)]
    [InlineData(409, "ContainerBeingDeleted", TargetFault.PlaceMissing)]
    [InlineData(404, "", TargetFault.PlaceMissing)]
    [InlineData(403, "AuthenticationFailed", TargetFault.KeyRejected)]
    [InlineData(401, "InvalidAuthenticationInfo", TargetFault.KeyRejected)]
    [InlineData(403, "AuthorizationPermissionMismatch", TargetFault.AccessDenied)]
    [InlineData(403, "AuthorizationSourceIPMismatch", TargetFault.AccessDenied)]
    [InlineData(403, "AccountIsDisabled", TargetFault.KeyRejected)]
    [InlineData(409, "PublicAccessNotPermitted", TargetFault.AccessDenied)]
    [InlineData(416, "InvalidRange", TargetFault.OutOfRange)]
    [InlineData(409, "BlobArchived", TargetFault.Cold)]
    [InlineData(409, "BlobBeingRehydrated", TargetFault.Cold)]
    [InlineData(409, "BlobImmutableDueToPolicy", TargetFault.Locked)]
    [InlineData(503, "ServerBusy", TargetFault.Throttled)]
    [InlineData(429, "TooManyRequests", TargetFault.Throttled)]
    [InlineData(500, "InternalError", TargetFault.Unavailable)]
    [InlineData(500, "OperationTimedOut", TargetFault.Unavailable)]
    [InlineData(408, "", TargetFault.Unavailable)]
    [InlineData(501, "APINotImplemented", TargetFault.Unsupported)]
    [InlineData(403, "KeyVaultEncryptionKeyNotFound", TargetFault.KeyRejected)]
    [InlineData(403, "KeyVaultAccessTokenCannotBeAcquired", TargetFault.KeyRejected)]
    [InlineData(400, "SomethingNew", TargetFault.Unavailable)]
    public async Task A_refusal_is_one_that_callers_decide_on(int status, string code, TargetFault fault)
    {
        await using var server = await LoopbackServer.StartAsync(context => RefuseAsync(context, status, code));
        await using var target = Open(server);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ReadAsync(Name, 0, new byte[1], Cancel));

        Assert.Equal(fault, error.Fault);
        Assert.Equal(status is 503 or 429 ? TimeSpan.FromSeconds(7) : null, error.RetryAfter);
        Assert.Equal(1, target.Meter.Sample().Requests);
        Assert.DoesNotContain("c2VjcmV0", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(409, "BlobAlreadyExists", TargetFault.AlreadyExists)]
    [InlineData(412, "ConditionNotMet", TargetFault.AlreadyExists)]
    [InlineData(403, "UnauthorizedBlobOverwrite", TargetFault.AlreadyExists)]
    [InlineData(400, "Crc64Mismatch", TargetFault.Garbled)]
    [InlineData(400, "Md5Mismatch", TargetFault.Garbled)]
    [InlineData(413, "AccountQuotaExceeded", TargetFault.QuotaExceeded)]
    public async Task A_refused_put_is_one_that_callers_decide_on(int status, string code, TargetFault fault)
    {
        await using var server = await LoopbackServer.StartAsync(context => RefuseAsync(context, status, code));
        await using var target = Open(server);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal(fault, error.Fault);
    }

    [Theory]
    [InlineData(-62, "1:02:00 ahead of")]
    [InlineData(62, "1:02:00 behind")]
    [InlineData(-1562, "26:02:00 ahead of")]
    [InlineData(90_005, "1500:05:00 behind")]
    public async Task A_clock_that_is_off_is_said_by_how_much(int minutes, string words)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        await using var server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Headers.Date = time.GetUtcNow().AddMinutes(minutes).ToString("r", System.Globalization.CultureInfo.InvariantCulture);
            return RefuseAsync(context, 403, "AuthenticationFailed");
        });
        await using var target = Open(server, time);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(Name, Cancel));

        Assert.Equal(TargetFault.ClockSkewed, error.Fault);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_not_asked_for_again()
    {
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = "bytes 0-99/100";
            context.Response.Headers["x-ms-request-id"] = "1";
            context.Response.ContentLength = 100;
            await context.Response.Body.WriteAsync(new byte[10], Cancel);
            context.Abort();
        });
        await using var target = Open(server);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ReadAsync(Name, 0, new byte[100], Cancel));

        Assert.Equal(TargetFault.Unavailable, error.Fault);
        Assert.Equal(1, target.Meter.Sample().Requests);
    }

    [Theory]
    [InlineData("<html><body>Welcome</body></html>")]
    [InlineData("not even that")]
    public async Task An_answer_that_is_no_listing_is_no_empty_listing(string body)
    {
        await using var server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync(body, Cancel));
        await using var target = Open(server);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());

        Assert.Equal(TargetFault.Unavailable, error.Fault);
    }

    [Theory]
    [InlineData("sas", "no signature at all")]
    [InlineData("another", "c2VjcmV0")]
    [InlineData(AzuriteServer.Account, "not base64!")]
    public void A_credential_of_another_kind_is_refused_before_anything_is_asked(string user, string secret)
    {
        var settings = AzureSettings.From(new TargetSettings { Address = TargetUri.Parse($"azblob://{AzuriteServer.Account}/container") }, TimeSpan.FromSeconds(60));
        using var credential = TargetCredential.Of(user, secret, "of the test");

        var error = Assert.Throws<RequestException>(() => AzureCredentials.From(credential, settings));

        Assert.Equal(FaultCodes.CredentialNotUsable, error.Code);
        Assert.DoesNotContain(secret, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(404)]
    public async Task An_account_whose_name_is_unknown_is_missing_until_it_has_answered(int answer)
    {
        var settings = AzureSettings.From(new TargetSettings { Address = TargetUri.Parse("azblob://account/container") }, TimeSpan.FromSeconds(60));
        using var credential = TargetCredential.Of("account", "c2VjcmV0", "of the test");
        using var client = new AzureClient(settings, AzureCredentials.From(credential, settings), new TargetMeter(), TimeProvider.System);
        var unknown = new HttpRequestException(HttpRequestError.NameResolutionError, "", new SocketException((int)SocketError.HostNotFound));
        Task<TargetException> AskAsync(Exception said) => Assert.ThrowsAsync<TargetException>(() => client.WatchAsync<bool>(AzureDeed.List(""), _ => throw said, Cancel));

        Assert.Equal(TargetFault.PlaceMissing, (await AskAsync(unknown)).Fault);
        if (answer == 0)
        {
            await client.WatchAsync(AzureDeed.List(""), static _ => Task.FromResult(true), Cancel);
        }
        else
        {
            await AskAsync(new RequestFailedException(answer, "", "BlobNotFound", null));
        }

        Assert.Equal((TargetFault.Unavailable, true), ((await AskAsync(unknown)).Fault, (await AskAsync(unknown)).IsTransient));
    }

    private static AzureBlobTarget Open(LoopbackServer server, TimeProvider? time = null) =>
        AzureStore.Open("c2VjcmV0", AzureStore.AddressOf(new Uri(server.Address, AzuriteServer.Account), "container"), time);

    private static Task RefuseAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["x-ms-request-id"] = "7f2d";
        if (status is 503 or 429)
        {
            context.Response.Headers.RetryAfter = "7";
        }

        if (code.Length > 0)
        {
            context.Response.Headers["x-ms-error-code"] = code;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/xml";
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>said</Message></Error>"), Cancel).AsTask();
    }
}
