using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Doubles;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>A request as it came, its body read.</summary>
public sealed record SeenRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <param name="Code">Of a refusal; null for an answer without one.</param>
public sealed record ScriptedAnswer(int Status, string? Code = null, string Message = "no reason given", string? Body = null)
{
    /// <summary>The encryption that was asked for is told back.</summary>
    public bool NamesEncryption { get; init; } = true;

    /// <summary>Told in place of what was asked for.</summary>
    public string? Encryption { get; init; }
}

/// <summary>Answers as a test says, so that what a platform alone says can be said to the target; it notes what was sent.</summary>
public sealed class ScriptedStore : IAsyncDisposable
{
    private readonly ConcurrentQueue<SeenRequest> _seen = new();
    private readonly Func<SeenRequest, ScriptedAnswer> _script;
    private LoopbackServer _server = null!;

    private ScriptedStore(Func<SeenRequest, ScriptedAnswer> script)
    {
        _script = script;
    }

    public Uri Address => _server.Address;

    public IReadOnlyList<SeenRequest> Seen => [.. _seen];

    public static async Task<ScriptedStore> StartAsync(Func<SeenRequest, ScriptedAnswer> script)
    {
        var store = new ScriptedStore(script);
        store._server = await LoopbackServer.StartAsync(store.AnswerAsync);
        return store;
    }

    /// <param name="address">Without an endpoint, with at least one option.</param>
    /// <param name="folder">Of the server's, which the store is in.</param>
    public Target Open(string address, string folder = "")
    {
        using var credential = TargetCredential.Of("AKSCRIPTED", "scripted-secret", "of the test");
        var settings = new TargetSettings { Address = TargetUri.Parse($"{address}&endpoint={Address.OriginalString.TrimEnd('/')}{folder}") };
        return RemoteTargets.Open(settings, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var headers = context.Request.Headers.ToDictionary(static header => header.Key, static header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var seen = new SeenRequest(context.Request.Method, context.Request.Path.Value!, context.Request.QueryString.Value ?? "", headers, body.ToArray());
        _seen.Enqueue(seen);
        var answer = _script(seen);
        context.Response.StatusCode = answer.Status;
        context.Response.Headers["x-amz-request-id"] = "REQUEST1";
        if (answer.NamesEncryption && headers.TryGetValue("x-amz-server-side-encryption", out var encryption))
        {
            context.Response.Headers["x-amz-server-side-encryption"] = answer.Encryption ?? encryption;
        }

        context.Response.Headers.ETag = "\"0123\"";
        context.Response.ContentType = "application/xml";
        if (answer.Code is not null)
        {
            await context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{answer.Code}</Code><Message>{answer.Message}</Message></Error>");
        }
        else if (answer.Body is not null)
        {
            await context.Response.WriteAsync(answer.Body);
        }
    }
}
