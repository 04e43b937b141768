using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Aws;

/// <summary>
/// The services of a machine of Amazon's: the metadata of an EC2 instance, by its second version alone, and the credentials of a task of ECS or a pod of EKS. Both give
/// sessions of the account.
/// </summary>
public sealed class MetadataDouble : IAsyncDisposable
{
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string LifeHeader = "X-aws-ec2-metadata-token-ttl-seconds";
    private const string Roles = "/latest/meta-data/iam/security-credentials/";
    private const string Container = "/v2/credentials/1";

    private readonly AwsSessions _sessions;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, bool> _tokens = new(StringComparer.Ordinal);
    private LoopbackServer _server = null!;

    private MetadataDouble(AwsSessions sessions, TimeProvider time) => (_sessions, _time) = (sessions, time);

    /// <summary>What <c>AWS_EC2_METADATA_SERVICE_ENDPOINT</c> holds.</summary>
    public Uri Endpoint => _server.Address;

    /// <summary>What <c>AWS_CONTAINER_CREDENTIALS_FULL_URI</c> holds.</summary>
    public Uri ContainerAddress => new(_server.Address, Container);

    /// <summary>Of the instance; null where it has none.</summary>
    public string? Role { get; set; } = "backup-host";

    /// <summary>What a container must say of itself; null where that is nothing.</summary>
    public string? ContainerToken { get; set; }

    public TimeSpan Life { get; set; } = TimeSpan.FromHours(6);

    public static async Task<MetadataDouble> StartAsync(AwsSessions sessions, TimeProvider time)
    {
        var started = new MetadataDouble(sessions, time);
        started._server = await LoopbackServer.StartAsync(started.AnswerAsync);
        return started;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task AnswerAsync(HttpContext context) => (context.Request.Method, context.Request.Path.Value) switch
    {
        // Whoever was made to ask by somebody outside adds this.
        _ when context.Request.Headers.ContainsKey("X-Forwarded-For") => WriteAsync(context, 403, ""),
        ("PUT", "/latest/api/token") => GiveTokenAsync(context),
        ("GET", Roles) => IfKnownAsync(context, Role),
        ("GET", { } path) when Role is not null && path == Roles + Role => IfKnownAsync(context, Session("instance")),
        ("GET", Container) => context.Request.Headers.Authorization.ToString() == (ContainerToken ?? "") ? WriteAsync(context, 200, Session("container")) : WriteAsync(context, 401, ""),
        _ => WriteAsync(context, 404, ""),
    };

    private Task GiveTokenAsync(HttpContext context)
    {
        if (!int.TryParse(context.Request.Headers[LifeHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var life) || life is < 1 or > 21600)
        {
            return WriteAsync(context, 400, "");
        }

        var token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(40));
        _tokens[token] = true;
        return WriteAsync(context, 200, token);
    }

    private Task IfKnownAsync(HttpContext context, string? text) =>
        !_tokens.ContainsKey(context.Request.Headers[TokenHeader].ToString()) ? WriteAsync(context, 401, "") : text is null ? WriteAsync(context, 404, "") : WriteAsync(context, 200, text);

    private string Session(string way)
    {
        var session = _sessions.Issue(way, _time.GetUtcNow() + Life);
        return new JsonObject
        {
            ["Code"] = "Success",
            ["Type"] = "AWS-HMAC",
            ["AccessKeyId"] = session.Key.Id,
            ["SecretAccessKey"] = session.Key.Secret,
            ["Token"] = session.Token,
            ["Expiration"] = session.Ends.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        }.ToJsonString();
    }

    private static async Task WriteAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(text);
    }
}
