using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Doubles.Contract;

namespace SecureBackup.Tests.Servers.Doubles.Google;

public sealed record GoogleToken(string Principal, IReadOnlyList<string> Scopes, DateTimeOffset Ends);

/// <summary>Google's token endpoints in this process: for service accounts, for workload identity federation, and the metadata server of a machine.</summary>
public sealed class GoogleIamDouble : IAsyncDisposable
{
    public const string ExpectedSubjectToken = "subject-token-of-the-cluster";

    /// <summary>The audience that Google's own libraries write, wherever they send it.</summary>
    private const string PublicEndpoint = "https://oauth2.googleapis.com/token";

    private const string MachineAccount = "machine@project.iam.gserviceaccount.com";
    private const string Audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";

    private static readonly Lazy<RSA> Key = new(() => RSA.Create(2048));
    private static readonly DiscoveryDocument Exchange = DiscoveryDocument.Load("sts-v1-discovery.json");

    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, GoogleToken> _tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _issued = new();
    private LoopbackServer _server = null!;

    private GoogleIamDouble(TimeProvider time)
    {
        _time = time;
    }

    public Uri Address => _server.Address;

    public TimeSpan TokenLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The ways in which tokens were given, one each: jwt, metadata, exchange, impersonation, grant.</summary>
    public IReadOnlyCollection<string> Issued => _issued;

    /// <param name="certificate">Over TLS with this one, and without TLS where there is none.</param>
    public static async Task<GoogleIamDouble> StartAsync(TimeProvider? time = null, X509Certificate2? certificate = null)
    {
        var started = new GoogleIamDouble(time ?? TimeProvider.System);
        started._server = await LoopbackServer.StartAsync(started.AnswerAsync, certificate);
        return started;
    }

    /// <summary>The text of a key file.</summary>
    /// <param name="isForged">Signed by a key that the account does not have.</param>
    public string ServiceAccount(string email, bool isForged = false)
    {
        using var other = isForged ? RSA.Create(2048) : null;
        return new JsonObject
        {
            ["type"] = "service_account",
            ["project_id"] = "project",
            ["private_key_id"] = "key-1",
            ["private_key"] = (other ?? Key.Value).ExportPkcs8PrivateKeyPem(),
            ["client_email"] = email,
            ["client_id"] = "1",
            ["token_uri"] = $"{Address}token",
        }.ToJsonString();
    }

    /// <summary>The text of a credential configuration: a token in a file is exchanged for one of the service account.</summary>
    public string Workload(string tokenFile, string email) => new JsonObject
    {
        ["type"] = "external_account",
        ["audience"] = Audience,
        ["subject_token_type"] = "urn:ietf:params:oauth:token-type:jwt",
        ["token_url"] = $"{Address}v1/token",
        ["service_account_impersonation_url"] = $"{Address}v1/projects/-/serviceAccounts/{email}:generateAccessToken",
        ["credential_source"] = new JsonObject { ["file"] = tokenFile },
    }.ToJsonString();

    /// <summary>Null for one that is unknown, taken back, or too old.</summary>
    public GoogleToken? Find(string token) => _tokens.TryGetValue(token, out var found) && found.Ends > _time.GetUtcNow() ? found : null;

    /// <summary>A token without any of the ways to one.</summary>
    public string Grant(string principal, params IEnumerable<string> scopes) => (string)Issue("grant", principal, scopes)["access_token"]!;

    public void RevokeAll() => _tokens.Clear();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (status, answer) = (context.Request.Method, context.Request.Path.Value) switch
        {
            ("POST", "/token") => TokenForJwt(await context.Request.ReadFormAsync()),
            ("POST", "/v1/token") => TokenForSubject(await context.Request.ReadFormAsync()),
            ("POST", { } path) when path.EndsWith(":generateAccessToken", StringComparison.Ordinal) => await ImpersonateAsync(context.Request, path),
            ("GET", "/computeMetadata/v1/instance/service-accounts/default/token") => TokenForMachine(context.Request),
            _ => (404, new JsonObject { ["error"] = "not_found" }),
        };
        context.Response.StatusCode = status;
        context.Response.Headers["Metadata-Flavor"] = "Google";
        await context.Response.WriteAsJsonAsync(answer);
    }

    private (int Status, JsonObject Answer) TokenForJwt(IFormCollection form)
    {
        if (form["grant_type"].ToString() is not "urn:ietf:params:oauth:grant-type:jwt-bearer")
        {
            return Refuse("unsupported_grant_type", "Invalid grant_type");
        }

        if (form["assertion"].ToString().Split('.') is not [var head, var body, var signature])
        {
            return Refuse("invalid_grant", "Invalid JWT.");
        }

        var header = JsonNode.Parse(Decode(head))!;
        var claims = JsonNode.Parse(Decode(body))!;
        if ((string?)header["alg"] is not "RS256" || !Key.Value.VerifyData(System.Text.Encoding.ASCII.GetBytes($"{head}.{body}"), Decode(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
        {
            return Refuse("invalid_grant", "Invalid JWT Signature.");
        }

        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        var (issued, ends) = ((long)claims["iat"]!, (long)claims["exp"]!);
        if (ends - issued > 3600 || issued > now + 300 || ends < now || issued < now - 3600)
        {
            return Refuse(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.");
        }

        return (string?)claims["aud"] is PublicEndpoint || string.Equals((string?)claims["aud"], $"{Address}token", StringComparison.Ordinal)
            ? (200, Issue("jwt", (string)claims["iss"]!, ((string?)claims["scope"] ?? "").Split(' ')))
            : Refuse("invalid_grant", "Invalid JWT: Failed audience check.");
    }

    private (int Status, JsonObject Answer) TokenForSubject(IFormCollection form)
    {
        var asked = new JsonObject(form.Select(pair => KeyValuePair.Create(Camel(pair.Key), (JsonNode?)pair.Value.ToString())));
        if (Exchange.Schemas.FindFaults(asked, "GoogleIdentityStsV1ExchangeTokenRequest").FirstOrDefault() is { } fault)
        {
            return Refuse("invalid_request", fault);
        }

        return ((string?)asked["audience"], (string?)asked["subjectToken"]) is (Audience, ExpectedSubjectToken)
            ? (200, Issue("exchange", "federated", ((string?)asked["scope"] ?? "").Split(' ')))
            : Refuse("invalid_grant", "The subject token was not accepted.");
    }

    private async Task<(int Status, JsonObject Answer)> ImpersonateAsync(HttpRequest request, string path)
    {
        var bearer = request.Headers.Authorization.ToString();
        if (!bearer.StartsWith("Bearer ", StringComparison.Ordinal) || Find(bearer["Bearer ".Length..]) is not { Principal: "federated" })
        {
            return (401, new GcsFault(401, "authError", "Invalid Credentials").ToJson());
        }

        var asked = await JsonSerializer.DeserializeAsync<JsonObject>(request.Body);
        var email = path[(path.LastIndexOf('/') + 1)..path.LastIndexOf(':')];
        var token = Issue("impersonation", email, (asked!["scope"] as JsonArray ?? []).Select(scope => (string)scope!));
        return (200, new JsonObject
        {
            ["accessToken"] = (string?)token["access_token"],
            ["expireTime"] = (_time.GetUtcNow() + TokenLife).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        });
    }

    private (int Status, JsonObject Answer) TokenForMachine(HttpRequest request) =>
        request.Headers["Metadata-Flavor"].ToString() is "Google"
            ? (200, Issue("metadata", MachineAccount, request.Query["scopes"].ToString() is { Length: > 0 } scopes ? scopes.Split(',') : ["https://www.googleapis.com/auth/cloud-platform"]))
            : (403, new JsonObject { ["error"] = "missing Metadata-Flavor" });

    private JsonObject Issue(string way, string principal, IEnumerable<string> scopes)
    {
        var token = "ya29." + Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
        _tokens[token] = new GoogleToken(principal, [.. scopes], _time.GetUtcNow() + TokenLife);
        _issued.Enqueue(way);
        return new JsonObject
        {
            ["access_token"] = token,
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["expires_in"] = (long)TokenLife.TotalSeconds,
            ["token_type"] = "Bearer",
        };
    }

    private static (int Status, JsonObject Answer) Refuse(string error, string description) =>
        (400, new JsonObject { ["error"] = error, ["error_description"] = description });

    private static string Camel(string name) =>
        string.Concat(name.Split('_').Select((part, index) => index == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));

    private static byte[] Decode(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);
}
