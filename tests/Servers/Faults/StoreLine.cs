using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SecureBackup.Tests.Servers.Faults;

/// <summary>From the proxy to the store: the request as it came, without a try more.</summary>
internal sealed class StoreLine(Uri store) : IDisposable
{
    /// <summary>Of one connection, and not of what it carries.</summary>
    private static readonly string[] OwnHeaders = ["Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Expect", "Proxy-Connection"];

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
    });

    /// <summary>Path and query, as they were signed.</summary>
    public static string TargetOf(HttpRequest request) => request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    /// <returns>Null where the store is not there.</returns>
    public async Task<StoreAnswer?> SendAsync(HttpRequest request, byte[] body)
    {
        using var message = MessageOf(request, body.Length > 0 || request.ContentLength is not null ? new ByteArrayContent(body) : null);
        try
        {
            using var answer = await _http.SendAsync(message, CancellationToken.None);
            return await StoreAnswer.ReadAsync(answer);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return null;
        }
    }

    /// <summary>The head, and half of the body that it announces; then the line breaks.</summary>
    public async Task SendHalfAsync(HttpRequest request, byte[] body)
    {
        using var message = MessageOf(request, new HalfContent(body));
        try
        {
            using var answer = await _http.SendAsync(message, CancellationToken.None);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            // The store was there, and has not heard the end.
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage MessageOf(HttpRequest request, HttpContent? content)
    {
        var address = new Uri($"{store.GetLeftPart(UriPartial.Authority)}{TargetOf(request)}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var message = new HttpRequestMessage(new HttpMethod(request.Method), address) { Content = content };
        foreach (var (name, values) in request.Headers)
        {
            if (!OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase) && !message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        message.Headers.Host = request.Host.Value;
        return message;
    }

    private sealed class HalfContent(byte[] body) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
            await stream.FlushAsync();
            throw new IOException("The line breaks here.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Length;
            return true;
        }
    }
}

/// <summary>What a store said.</summary>
public sealed record StoreAnswer(int Status, IReadOnlyList<KeyValuePair<string, string[]>> Headers, byte[] Body)
{
    private static readonly string[] OwnHeaders = ["Connection", "Keep-Alive", "Transfer-Encoding"];

    internal static async Task<StoreAnswer> ReadAsync(HttpResponseMessage answer)
    {
        var body = await answer.Content.ReadAsByteArrayAsync();
        var headers = answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated)
            .Where(static header => !OwnHeaders.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(static header => KeyValuePair.Create(header.Key, header.Value.ToArray()));
        return new StoreAnswer((int)answer.StatusCode, [.. headers], body);
    }

    internal void CopyHeadTo(HttpResponse response)
    {
        response.StatusCode = Status;
        foreach (var (name, values) in Headers)
        {
            response.Headers[name] = values;
        }

        if (Body.Length > 0)
        {
            response.ContentLength = Body.Length;
        }
    }
}
