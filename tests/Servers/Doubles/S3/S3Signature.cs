using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Signature Version 4, by header and by query: who sent it, when, for where, and whether it is still what was signed.</summary>
/// <param name="service">For which of Amazon's services it must be.</param>
internal sealed class S3Signature(S3DoubleOptions options, string service = "s3")
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string Unsigned = "UNSIGNED-PAYLOAD";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(15);

    private int _wrongKeys;
    private DateTimeOffset _lockedUntil = DateTimeOffset.MinValue;

    public void Require(S3Call call)
    {
        var authorization = call.Header("Authorization");
        if (authorization is { } bearer && bearer.StartsWith("Bearer ", StringComparison.Ordinal))
        {
            if (options.IsToken?.Invoke(bearer) != true)
            {
                throw new S3RefusalException(401, "InvalidToken");
            }

            return;
        }

        if (options.IsToken is not null)
        {
            throw S3RefusalException.AccessDenied;
        }

        RequireNotLockedOut();
        try
        {
            RequireSignature(call, authorization);
            _wrongKeys = 0;
        }
        catch (S3RefusalException refusal) when (refusal.Code is "InvalidAccessKeyId" or "SignatureDoesNotMatch")
        {
            if (++_wrongKeys == options.LocksOutAfter)
            {
                _lockedUntil = options.Time.GetUtcNow() + S3DoubleOptions.LockoutTime;
            }

            throw;
        }
    }

    private void RequireNotLockedOut()
    {
        if (options.Time.GetUtcNow() < _lockedUntil)
        {
            throw new S3RefusalException(403, "AuthenticationLockout");
        }
    }

    private void RequireSignature(S3Call call, string? authorization)
    {
        var isQuery = call.Has("X-Amz-Signature");
        var fields = isQuery ? OfQuery(call) : OfHeader(authorization);
        var scope = fields.Credential.Split('/');
        if (scope is not [var id, var day, var region, var signedFor, "aws4_request"] || signedFor != service)
        {
            throw new S3RefusalException(400, "AuthorizationHeaderMalformed");
        }

        var secret = SecretOf(id, call.Header("x-amz-security-token") ?? call.Query.GetValueOrDefault("X-Amz-Security-Token"));
        if (options.RedirectsTo is { } host)
        {
            throw new S3RefusalException(301, "PermanentRedirect", $"<Endpoint>{host}</Endpoint>");
        }

        if (region != options.Region)
        {
            throw new S3RefusalException(400, "AuthorizationHeaderMalformed", $"<Region>{options.Region}</Region>");
        }

        var time = (isQuery ? call.Query["X-Amz-Date"] : call.Header("x-amz-date")) ?? throw S3RefusalException.AccessDenied;
        var signedAt = DateTimeOffset.ParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        if ((signedAt - options.Time.GetUtcNow()).Duration() > MaxSkew || !time.StartsWith(day, StringComparison.Ordinal))
        {
            throw new S3RefusalException(403, "RequestTimeTooSkewed");
        }

        RequireSigned(call, fields.SignedHeaders);
        var payload = isQuery ? Unsigned : call.Header("x-amz-content-sha256") ?? (service is "s3" ? throw new S3RefusalException(400, "MissingSecurityHeader") : Hex(SHA256.HashData(call.Body)));
        var canonical = Canonical(call, fields.SignedHeaders, payload, isQuery);
        var toSign = $"{Algorithm}\n{time}\n{string.Join('/', scope[1..])}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        if (Hex(Hmac(SigningKey(secret, scope), toSign)) != fields.Signature)
        {
            throw new S3RefusalException(403, "SignatureDoesNotMatch");
        }

        RequirePayload(call, payload);
    }

    private static (string Credential, string[] SignedHeaders, string Signature) OfQuery(S3Call call) =>
        (call.Query["X-Amz-Credential"]!, call.Query["X-Amz-SignedHeaders"]!.Split(';'), call.Query["X-Amz-Signature"]!);

    private static (string Credential, string[] SignedHeaders, string Signature) OfHeader(string? authorization)
    {
        if (authorization is null || !authorization.StartsWith(Algorithm + " ", StringComparison.Ordinal))
        {
            throw S3RefusalException.AccessDenied;
        }

        var fields = authorization[(Algorithm.Length + 1)..].Split(',', StringSplitOptions.TrimEntries).Select(static field => field.Split('=', 2)).ToDictionary(static field => field[0], static field => field[1], StringComparer.Ordinal);
        return (fields["Credential"], fields["SignedHeaders"].Split(';'), fields["Signature"]);
    }

    private string SecretOf(string id, string? token)
    {
        if (id == options.Key.Id && token is null)
        {
            return options.Key.Secret;
        }

        if (options.Sessions.Find(id) is { } session)
        {
            return session.Token != token ? throw new S3RefusalException(400, "InvalidToken")
                : session.Ends > options.Time.GetUtcNow() ? session.Key.Secret : throw new S3RefusalException(400, "ExpiredToken");
        }

        throw new S3RefusalException(token is null ? 403 : 400, token is null ? "InvalidAccessKeyId" : "InvalidToken");
    }

    /// <summary>A header of the platform that is not signed could have been put there by anybody.</summary>
    private static void RequireSigned(S3Call call, string[] signed)
    {
        if (!signed.Contains("host", StringComparer.Ordinal)
            || call.Context.Request.Headers.Any(header => header.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) && !signed.Contains(header.Key.ToLowerInvariant(), StringComparer.Ordinal)))
        {
            throw S3RefusalException.AccessDenied;
        }
    }

    private static void RequirePayload(S3Call call, string payload)
    {
        if (payload is Unsigned)
        {
            return;
        }

        if (payload.StartsWith("STREAMING-", StringComparison.Ordinal))
        {
            throw new S3RefusalException(501, "NotImplemented");
        }

        if (Hex(SHA256.HashData(call.Body)) != payload)
        {
            throw new S3RefusalException(400, "XAmzContentSHA256Mismatch");
        }
    }

    private static string Canonical(S3Call call, string[] signed, string payload, bool isQuery)
    {
        var query = string.Join('&', call.Query.Where(pair => !isQuery || pair.Key != "X-Amz-Signature")
            .Select(static pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value ?? "")}").Order(StringComparer.Ordinal));
        var headers = string.Concat(signed.Select(name => $"{name}:{Collapse(name is "host" ? call.Context.Request.Host.Value! : call.Header(name) ?? "")}\n"));
        var path = string.Join('/', call.RawPath.Split('/').Select(static part => Uri.EscapeDataString(Uri.UnescapeDataString(part))));
        return $"{call.Method}\n{path}\n{query}\n{headers}\n{string.Join(';', signed)}\n{payload}";
    }

    private static string Collapse(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static byte[] SigningKey(string secret, string[] scope) => scope[1..].Aggregate(Encoding.UTF8.GetBytes($"AWS4{secret}"), Hmac);

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
