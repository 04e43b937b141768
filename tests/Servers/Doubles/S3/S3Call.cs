using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>One request with its whole body, and the answer to it.</summary>
public sealed class S3Call
{
    private S3Call(HttpContext context, byte[] body)
    {
        Context = context;
        Body = body;
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        RawPath = target.Split('?', 2)[0];
        RawQuery = target.Contains('?', StringComparison.Ordinal) ? target.Split('?', 2)[1] : "";
        Query = S3Query.Parse(RawQuery);
        var parts = RawPath.TrimStart('/').Split('/', 2);
        Bucket = parts[0].Length > 0 ? Uri.UnescapeDataString(parts[0]) : null;
        Key = parts.Length > 1 && parts[1].Length > 0 ? Uri.UnescapeDataString(parts[1]) : null;
    }

    public HttpContext Context { get; }

    /// <summary>As it was sent, without the framing of pieces.</summary>
    public byte[] Body { get; set; }

    public string RawPath { get; }

    public string RawQuery { get; }

    public IReadOnlyDictionary<string, string?> Query { get; }

    public string? Bucket { get; }

    public string? Key { get; }

    public string Method => Context.Request.Method;

    /// <summary>Is told the status before a byte of the answer is sent: who has the answer finds what was noted here.</summary>
    public Action<int>? Answering { get; set; }

    public static async Task<S3Call> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return new S3Call(context, body.ToArray());
    }

    public string? Header(string name) => Context.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    public bool Has(string parameter) => Query.ContainsKey(parameter);

    public int Number(string parameter, int otherwise) => Query.TryGetValue(parameter, out var value) ? int.Parse(value!, CultureInfo.InvariantCulture) : otherwise;

    public XElement Xml()
    {
        using var stream = new MemoryStream(Body);
        return XDocument.Load(stream).Root!;
    }

    public void Set(string header, string? value)
    {
        if (value is not null)
        {
            Context.Response.Headers[header] = value;
        }
    }

    public Task AnswerAsync(int status, XElement? xml = null) => AnswerAsync(status, xml is null ? [] : Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}"), "application/xml");

    public async Task AnswerAsync(int status, ReadOnlyMemory<byte> body, string type)
    {
        Answering?.Invoke(status);
        Context.Response.StatusCode = status;
        if (status == 204)
        {
            return;
        }

        Context.Response.ContentType = type;
        Context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(Method))
        {
            await Context.Response.Body.WriteAsync(body, Context.RequestAborted);
        }
    }

    public static string Base64Sha256(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(SHA256.HashData(bytes));
}
