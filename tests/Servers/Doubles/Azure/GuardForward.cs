using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>An answer in hand: the emulator's, or one of the guard's own.</summary>
internal sealed record GuardAnswer(int Status, List<KeyValuePair<string, string>> Headers, byte[] Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    public static GuardAnswer Refuse(int status, string code) => new(
        status,
        [KeyValuePair.Create("x-ms-error-code", code), KeyValuePair.Create("x-ms-request-id", Guid.NewGuid().ToString()), KeyValuePair.Create("Content-Type", "application/xml")],
        Encoding.UTF8.GetBytes($"""<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"""));

    public static GuardAnswer Of(int status, IEnumerable<KeyValuePair<string, string>>? headers = null, byte[]? body = null) =>
        new(status, [.. headers ?? [], KeyValuePair.Create("x-ms-request-id", Guid.NewGuid().ToString())], body ?? []);

    public void Set(string name, string value)
    {
        Headers.RemoveAll(header => string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase));
        Headers.Add(KeyValuePair.Create(name, value));
    }

    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        var isHead = HttpMethods.IsHead(context.Request.Method);
        foreach (var (name, value) in Headers.Where(header => !isHead || IsSuccess || header.Key is not "Content-Type"))
        {
            context.Response.Headers[name] = value;
        }

        if (!isHead)
        {
            context.Response.ContentLength = Body.Length;
            await context.Response.Body.WriteAsync(Body);
        }
    }
}

/// <summary>The way to the emulator: a request as it came, its signature with it.</summary>
/// <param name="signature">In place of a token, which the guard has looked at.</param>
internal sealed class GuardForward(Uri server, string? signature) : IDisposable
{
    private static readonly string[] OfTheConnection = ["Host", "Connection", "Transfer-Encoding", "Content-Length", "Keep-Alive", "Expect"];

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });

    public static bool HasToken(HttpRequest request) => request.Headers.Authorization.ToString().StartsWith("Bearer ", StringComparison.Ordinal);

    public async Task<GuardAnswer> SendAsync(HttpContext context, byte[] body)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var hasToken = HasToken(context.Request);
        if (hasToken)
        {
            target += (target.Contains('?', StringComparison.Ordinal) ? '&' : '?') + signature;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(new Uri(server.GetLeftPart(UriPartial.Authority)), target));
        if (context.Request.ContentLength is not null || body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var (name, value) in context.Request.Headers.Where(header => !OfTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && !(hasToken && header.Key is "Authorization")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, value.ToString()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value.ToString());
            }
        }

        using var answer = await _http.SendAsync(request, context.RequestAborted);
        var headers = answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated)
            .Where(header => !OfTheConnection.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(static header => KeyValuePair.Create(header.Key, header.Value.ToString()))
            .ToList();
        if (HttpMethods.IsHead(context.Request.Method) && answer.StatusCode == HttpStatusCode.OK && answer.Content.Headers.ContentLength is { } length)
        {
            headers.Add(KeyValuePair.Create("Content-Length", length.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        return new GuardAnswer((int)answer.StatusCode, headers, await answer.Content.ReadAsByteArrayAsync());
    }

    public void Dispose() => _http.Dispose();
}
