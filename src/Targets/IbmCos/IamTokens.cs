using System.Net;
using System.Text.Json;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using SecureBackup.Targets.S3;

namespace SecureBackup.Targets.IbmCos;

/// <summary>The access tokens of one API key: had at the first request, and anew when four fifths of their time are over. All requests wait for one.</summary>
internal sealed class IamTokens : IDisposable
{
    private const double ShareOfLife = 0.8;
    private const int MaxAnswerBytes = 64 << 10;

    private readonly S3Settings _settings;
    private readonly Uri _address;
    private readonly string _key;
    private readonly string _label;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile Token? _token;

    /// <param name="label">Whose key it is, for errors.</param>
    public IamTokens(S3Settings settings, Uri address, string key, string label, TimeProvider time)
    {
        _settings = settings;
        _address = address;
        _key = key;
        _label = label;
        _time = time;
        _http = StoreHttp.CreateClient(new HttpStoreOptions
        {
            Endpoint = address,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            StallTimeout = settings.StallTimeout,
            Meter = new TargetMeter(),
            Classify = static _ => null,
        });
        _http.MaxResponseContentBufferSize = MaxAnswerBytes;
    }

    private string What => $"No access token can be had for the credential {_label} at {_settings.DisplayName}";

    /// <param name="refused">A token that the store did not take. Renewed meanwhile by another request, it is not renewed again.</param>
    /// <exception cref="TargetException">There is none to be had.</exception>
    public async Task<string> GetAsync(string? refused, CancellationToken cancellationToken)
    {
        if (Current(refused) is { } at)
        {
            return at;
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            return Current(refused) ?? await RenewAsync(cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _one.Dispose();
    }

    private string? Current(string? refused) =>
        _token is { } token && _time.GetUtcNow() < token.RenewAt && !string.Equals(token.Text, refused, StringComparison.Ordinal) ? token.Text : null;

    private async Task<string> RenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            var asked = _time.GetUtcNow();
            using var request = new HttpRequestMessage(HttpMethod.Post, _address)
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["grant_type"] = "urn:ibm:params:oauth:grant-type:apikey",
                    ["apikey"] = _key,
                    ["response_type"] = "cloud_iam",
                }),
            };
            request.Headers.Accept.ParseAdd("application/json");
            using var answer = await _http.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                throw Refused(answer, text);
            }

            _token = Parse(text, asked) ?? throw new TargetException(TargetFault.Unavailable, $"{What}: the answer holds none.");
            return _token.Text;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw HttpFaults.From(exception, What)!;
        }
    }

    private TargetException Refused(HttpResponseMessage answer, string text)
    {
        var said = Said(text);
        if (answer.StatusCode == HttpStatusCode.ProxyAuthenticationRequired || (answer.StatusCode == HttpStatusCode.Forbidden && said is null && StoreHttp.IsProxy(_settings.Proxy)))
        {
            return new TargetException(TargetFault.ProxyRefused, $"{What}: the proxy {_settings.Proxy} refused the connection ({(int)answer.StatusCode}).");
        }

        var message = $"{What} ({said ?? $"{(int)answer.StatusCode}"}).";
        return answer.StatusCode switch
        {
            HttpStatusCode.TooManyRequests => new TargetException(TargetFault.Throttled, message) { RetryAfter = answer.Headers.RetryAfter?.Delta },
            HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => new TargetException(TargetFault.Unavailable, message),
            _ => new TargetException(TargetFault.KeyRejected, message) { Remedy = IbmCosProfile.Instance.KeyRemedy! },
        };
    }

    private static Token? Parse(string text, DateTimeOffset asked)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.TryGetProperty("access_token", out var token) && token.GetString() is { Length: > 0 } found && found.All(static character => character is > ' ' and < '\u007f')
                && document.RootElement.TryGetProperty("expires_in", out var life) && life.TryGetInt32(out var seconds) && seconds > 0
                ? new Token(found, asked + (ShareOfLife * TimeSpan.FromSeconds(seconds)))
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>IBM's code, and nothing else of what it wrote.</summary>
    private static string? Said(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.TryGetProperty("errorCode", out var code) && code.GetString() is { Length: > 0 and < 32 } said && said.All(char.IsAsciiLetterOrDigit) ? said : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed record Token(string Text, DateTimeOffset RenewAt);
}
