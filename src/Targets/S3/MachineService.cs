using System.Net;
using System.Text.Json;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>A service of the machine or of the cluster that hands out sessions: near, never reached by a proxy, and silent where there is none.</summary>
/// <param name="what">For errors: what cannot be had.</param>
/// <param name="whenSilent">What to do where nobody answers.</param>
internal sealed class MachineService(Uri address, string what, string whenSilent, TimeProvider time) : IDisposable
{
    private const int MaxAnswerBytes = 64 << 10;

    /// <summary>Whoever is on the same machine answers sooner; a machine that has no such service lets requests to it go astray.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private readonly HttpClient _http = Create(address);
    private bool _hasAnswered;

    /// <exception cref="RequestException"><c>CredentialMissing</c>: nobody answers, and nobody ever did.</exception>
    /// <exception cref="TargetException">Nobody answers now.</exception>
    public async Task<(HttpStatusCode Status, string Text)> AskAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var request = new HttpRequestMessage(method, new Uri(address, path));
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using var answer = await _http.SendAsync(request, patience.Token);
            var text = await answer.Content.ReadAsStringAsync(patience.Token);
            _hasAnswered = true;
            return answer.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
                ? throw new TargetException(TargetFault.Unavailable, $"{what}: {address.Authority} is busy ({(int)answer.StatusCode}).")
                : (answer.StatusCode, text);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            var message = $"{what}: {address.Authority} does not answer.";
            throw _hasAnswered ? new TargetException(TargetFault.Unavailable, message, exception) : new RequestException(FaultCodes.CredentialMissing, message, exception) { Remedy = whenSilent };
        }
    }

    /// <summary>What AWS's services write a session as.</summary>
    /// <exception cref="TargetException"><c>Unavailable</c>.</exception>
    public S3Session Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            return S3Session.Of(TextOf(root, "AccessKeyId"), TextOf(root, "SecretAccessKey"), TextOf(root, "Token"), root.GetProperty("Expiration").GetDateTimeOffset());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            // Without what was tripped over: it may be a part of the secret.
            throw new TargetException(TargetFault.Unavailable, $"{what}: the answer of {address.Authority} holds none.");
        }
    }

    public void Dispose() => _http.Dispose();

    private static string TextOf(JsonElement root, string name) => root.GetProperty(name).GetString() is { Length: > 0 } text ? text : throw new FormatException();

    private static HttpClient Create(Uri address)
    {
        var http = StoreHttp.CreateClient(new HttpStoreOptions { Endpoint = address, Proxy = StoreHttp.NoProxy, Meter = new TargetMeter(), Classify = static _ => null });
        http.MaxResponseContentBufferSize = MaxAnswerBytes;
        return http;
    }
}
