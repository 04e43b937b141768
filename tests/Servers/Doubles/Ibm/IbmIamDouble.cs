using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Ibm;

/// <summary>IBM Cloud's token endpoint in this process: a form with an API key for a token that ends.</summary>
public sealed class IbmIamDouble : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new(StringComparer.Ordinal);
    private LoopbackServer _server = null!;
    private int _asked;

    private IbmIamDouble(TimeProvider time)
    {
        _time = time;
    }

    public string ApiKey { get; } = $"apikey-{Guid.NewGuid():n}";

    public Uri TokenAddress => new(_server.Address, "identity/token");

    public TimeSpan TokenLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>What is answered instead of a token: a status and a body.</summary>
    public (int Status, string Body)? Refusal { get; set; }

    /// <summary>How often a token was asked for.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <param name="certificate">Over TLS with this one, and without TLS where there is none.</param>
    public static async Task<IbmIamDouble> StartAsync(TimeProvider time, X509Certificate2? certificate = null)
    {
        var started = new IbmIamDouble(time);
        started._server = await LoopbackServer.StartAsync(started.AnswerAsync, certificate);
        return started;
    }

    /// <summary>Whether a store takes it: a token of this server that has not ended and was not taken back.</summary>
    public bool IsValid(string? authorization) =>
        authorization?.Split(' ') is ["Bearer", var token] && _tokens.TryGetValue(token, out var ends) && _time.GetUtcNow() < ends;

    public void RevokeAll() => _tokens.Clear();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _asked);
        var (status, body) = Refusal ?? await TokenForAsync(context.Request);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body);
    }

    private async Task<(int Status, string Body)> TokenForAsync(HttpRequest request)
    {
        if (request.Method is not "POST" || request.Path.Value is not "/identity/token" || !request.HasFormContentType)
        {
            return (404, "{}");
        }

        var form = await request.ReadFormAsync();
        if (form["grant_type"] != "urn:ibm:params:oauth:grant-type:apikey" || form["response_type"] != "cloud_iam")
        {
            return (400, """{"errorCode":"BXNIM0106E","errorMessage":"Property missing or empty"}""");
        }

        if (form["apikey"] != ApiKey)
        {
            return (400, $$"""{"errorCode":"BXNIM0415E","errorMessage":"Provided API key {{form["apikey"]}} could not be found."}""");
        }

        var token = $"token-{Guid.NewGuid():n}";
        var ends = _time.GetUtcNow() + TokenLife;
        _tokens[token] = ends;
        return (200, string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"access_token":"{{token}}","refresh_token":"not_supported","token_type":"Bearer","expires_in":{{(int)TokenLife.TotalSeconds}},"expiration":{{ends.ToUnixTimeSeconds()}},"scope":"ibm openid"}"""));
    }
}
