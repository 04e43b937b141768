using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>
/// Microsoft's token endpoint and the metadata service of a machine, in this process and over TLS. A token is good until two others are given to the same client for the
/// same purpose: whoever keeps an old one is refused, and a request on its way while the next token is fetched is not.
/// </summary>
public sealed class EntraDouble : IAsyncDisposable
{
    public const string Tenant = "99999999-8888-7777-6666-555555555555";
    public const string Client = "00001111-aaaa-2222-bbbb-3333cccc4444";
    public const string FederatedToken = "federated-token-of-the-cluster";

    private readonly RSA _key = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, (string Token, string? Before)> _tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _issued = new();
    private LoopbackServer _server = null!;
    private LoopbackServer _machine = null!;

    private EntraDouble()
    {
    }

    public Uri Address => _server.Address;

    /// <summary>Of the metadata service, which is reached without TLS as on every machine.</summary>
    public Uri MachineAddress => _machine.Address;

    public string Secret { get; } = Convert.ToHexString(RandomNumberGenerator.GetBytes(20));

    /// <summary>By its own word; no token is used twice by whoever believes that it has ended.</summary>
    public TimeSpan TokenLife { get; set; } = TimeSpan.FromHours(1);

    public bool IsDown { get; set; }

    /// <summary>The time of the token service.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>The ways in which tokens were given, one each: secret, certificate, federated, machine.</summary>
    public IReadOnlyCollection<string> Issued => _issued;

    public static async Task<EntraDouble> StartAsync(X509Certificate2 certificate)
    {
        var started = new EntraDouble();
        started._server = await LoopbackServer.StartAsync(started.AnswerAsync, certificate);
        started._machine = await LoopbackServer.StartAsync(started.AnswerAsync);
        return started;
    }

    public bool IsGranted(HttpRequest request, Uri audience)
    {
        var token = request.Headers.Authorization.ToString().Split(' ')[^1];
        var resource = audience.OriginalString.TrimEnd('/');
        return _tokens.Any(pair => (string.Equals(pair.Value.Token, token, StringComparison.Ordinal) || string.Equals(pair.Value.Before, token, StringComparison.Ordinal))
            && string.Equals(pair.Key.Split(' ')[^1].TrimEnd('/'), resource, StringComparison.Ordinal));
    }

    public void RevokeAll() => _tokens.Clear();

    /// <summary>What the client may sign with: a certificate and its key.</summary>
    public void WriteCertificate(string path)
    {
        using var certificate = new CertificateRequest("CN=backup", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(path, $"{certificate.ExportCertificatePem()}\n{_key.ExportPkcs8PrivateKeyPem()}\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _machine.DisposeAsync();
        _key.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var (status, answer) = IsDown ? (503, new JsonObject()) : (request.Method, request.Path.Value) switch
        {
            ("POST", $"/{Tenant}/oauth2/v2.0/token") => OfClient(await request.ReadFormAsync()),
            ("GET", "/metadata/identity/oauth2/token") when request.Headers["Metadata"].ToString() is "true" =>
                (200, Issue("machine", request.Query["client_id"].ToString() is { Length: > 0 } id ? id : "the machine", request.Query["resource"].ToString())),
            _ => (400, new JsonObject { ["error"] = "invalid_request", ["error_description"] = "AADSTS90002: There is no such tenant." }),
        };
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(answer);
    }

    private (int Status, JsonObject Answer) OfClient(IFormCollection form)
    {
        var scope = form["scope"].ToString().Split(' ')[0];
        if (form["grant_type"].ToString() is not "client_credentials" || form["client_id"].ToString() is not Client || !scope.EndsWith("/.default", StringComparison.Ordinal))
        {
            return Refuse("unauthorized_client", "AADSTS700016: There is no such application.");
        }

        var resource = scope[..^".default".Length];
        if (form["client_secret"].ToString() is { Length: > 0 } secret)
        {
            return string.Equals(secret, Secret, StringComparison.Ordinal) ? (200, Issue("secret", Client, resource)) : Refuse("invalid_client", $"AADSTS7000215: Invalid client secret '{secret}'.");
        }

        var assertion = form["client_assertion"].ToString();
        return assertion is FederatedToken ? (200, Issue("federated", Client, resource)) : OfAssertion(assertion, resource);
    }

    private (int Status, JsonObject Answer) OfAssertion(string assertion, string resource)
    {
        if (assertion.Split('.') is not [var head, var body, var signature])
        {
            return Refuse("invalid_client", "AADSTS50027: The assertion is malformed.");
        }

        var padding = (string?)Parse(head)["alg"] is "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        if (!_key.VerifyData(Encoding.ASCII.GetBytes($"{head}.{body}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256, padding))
        {
            return Refuse("invalid_client", "AADSTS700027: The certificate with which the assertion was signed is not registered.");
        }

        var claims = Parse(body);
        var now = Time.GetUtcNow().ToUnixTimeSeconds();
        if (Seconds(claims, "nbf") > now + 300 || Seconds(claims, "exp") < now - 300)
        {
            return Refuse("invalid_client", "AADSTS700024: Client assertion is not within its valid time range.");
        }

        return (string?)claims["iss"] is Client && string.Equals((string?)claims["aud"], $"{Address}{Tenant}/oauth2/v2.0/token", StringComparison.Ordinal)
            ? (200, Issue("certificate", Client, resource))
            : Refuse("invalid_client", "AADSTS700023: The assertion is for another audience.");
    }

    private JsonObject Issue(string way, string client, string resource)
    {
        var token = "eyJ." + Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
        _tokens.AddOrUpdate($"{client} {resource}", (token, null), (_, present) => (token, present.Token));
        _issued.Enqueue(way);
        var seconds = (long)TokenLife.TotalSeconds;
        return new JsonObject
        {
            ["access_token"] = token,
            ["expires_in"] = seconds.ToString(CultureInfo.InvariantCulture),
            ["expires_on"] = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + seconds).ToString(CultureInfo.InvariantCulture),
            ["resource"] = resource,
            ["token_type"] = "Bearer",
        };
    }

    private static long Seconds(JsonNode claims, string name) => long.Parse(claims[name]!.ToString(), CultureInfo.InvariantCulture);

    private static JsonNode Parse(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!;

    private static (int Status, JsonObject Answer) Refuse(string error, string description) => (error is "invalid_client" ? 401 : 400, new JsonObject { ["error"] = error, ["error_description"] = description });
}
