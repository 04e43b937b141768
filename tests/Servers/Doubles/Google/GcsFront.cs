using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using SecureBackup.Tests.Servers.Doubles.Contract;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>Every request's way in and out: held against the contract, its caller known, answered under the lock of the state, and its answer held against the contract too.</summary>
internal sealed class GcsFront
{
    private static readonly DiscoveryDocument Contract = DiscoveryDocument.Load("storage-v1-discovery.json");

    private readonly GcsState _state;
    private readonly GcsUploads _uploads;
    private readonly Dictionary<string, Func<GcsCall, GcsReply>> _methods;

    public GcsFront(GcsState state)
    {
        _state = state;
        Sessions = new GcsSessions(state);
        _uploads = new GcsUploads(state, Sessions);
        var objects = new GcsObjectMethods(state);
        var buckets = new GcsBucketMethods(state);
        _methods = new Dictionary<string, Func<GcsCall, GcsReply>>(StringComparer.Ordinal)
        {
            ["storage.objects.get"] = objects.Get,
            ["storage.objects.list"] = new GcsListing(state).List,
            ["storage.objects.delete"] = objects.Delete,
            ["storage.objects.patch"] = objects.Patch,
            ["storage.objects.compose"] = objects.Compose,
            ["storage.objects.copy"] = objects.Copy,
            ["storage.objects.rewrite"] = objects.Rewrite,
            ["storage.buckets.get"] = buckets.Get,
            ["storage.buckets.list"] = buckets.List,
            ["storage.buckets.insert"] = buckets.Insert,
            ["storage.buckets.patch"] = buckets.Patch,
            ["storage.buckets.delete"] = buckets.Delete,
            ["storage.buckets.lockRetentionPolicy"] = buckets.LockRetention,
            ["storage.buckets.getIamPolicy"] = buckets.GetPolicy,
            ["storage.buckets.setIamPolicy"] = buckets.SetPolicy,
            ["storage.buckets.testIamPermissions"] = buckets.TestPermissions,
        };
    }

    public GcsSessions Sessions { get; }

    public ConcurrentQueue<GcsRequest> Requests { get; } = new();

    public ConcurrentQueue<string> Violations { get; } = new();

    public void MakeBucket(JsonObject body, bool hasObjectRetention)
    {
        var query = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["enableObjectRetention"] = [hasObjectRetention ? "true" : "false"] };
        var method = Contract.Methods.Single(each => each.Id is "storage.buckets.insert");
        lock (_state)
        {
            _methods[method.Id](new GcsCall(method, new Dictionary<string, string>(StringComparer.Ordinal), query, new HeaderDictionary())
            {
                Body = body,
                Caller = new GcsCaller("the test", method.Scopes),
            });
        }
    }

    public async Task AnswerAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var method = "unknown";
        GcsReply reply;
        try
        {
            var split = target.IndexOf('?', StringComparison.Ordinal);
            var path = split < 0 ? target : target[..split];
            var query = QueryHelpers.ParseQuery(split < 0 ? "" : target[split..])
                .ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)[.. pair.Value.Select(value => value ?? "")], StringComparer.Ordinal);
            if (query.TryGetValue("upload_id", out var session) && path.StartsWith("/upload/", StringComparison.Ordinal))
            {
                method = "session";
                reply = await ContinueAsync(context, session[0]);
            }
            else
            {
                (method, var answer) = await PrepareAsync(context, path, query);
                lock (_state)
                {
                    reply = answer();
                }
            }
        }
        catch (GcsFault fault)
        {
            // Where bytes were asked for, the platform gives the bare text.
            reply = target.Contains("alt=media", StringComparison.Ordinal)
                ? new GcsReply(fault.Status) { Bytes = Encoding.UTF8.GetBytes(fault.Message), ContentType = "text/html; charset=UTF-8" }
                : new GcsReply(fault.Status, fault.ToJson());
        }

        Requests.Enqueue(new GcsRequest(method, context.Request.Method, target, reply.Status));
        await WriteAsync(context, reply);
    }

    private async Task<(string Method, Func<GcsReply> Answer)> PrepareAsync(HttpContext context, string path, Dictionary<string, IReadOnlyList<string>> query)
    {
        var isUpload = path.StartsWith("/upload/", StringComparison.Ordinal) || path.StartsWith("/resumable/upload/", StringComparison.Ordinal);
        var service = path.IndexOf("/storage/v1/", StringComparison.Ordinal);
        var segments = service < 0 ? [] : path[(service + "/storage/v1/".Length)..].Split('/');
        if (Contract.Find(context.Request.Method, segments, out var values) is not { } method)
        {
            throw Violation(404, "notFound", $"There is no request {context.Request.Method} {path}.");
        }

        if (method.FindFaults(query).ToList() is { Count: > 0 } faults)
        {
            throw Violation(400, "invalidParameter", string.Join(' ', faults));
        }

        if (!GcsRights.IsKnown(method.Id) || (method.TakesMedia != isUpload))
        {
            throw Violation(501, "notImplemented", $"{method.Id} is not answered here.");
        }

        var call = new GcsCall(method, values, query, context.Request.Headers) { Caller = Authenticate(context.Request.Headers.Authorization.ToString()) };
        if (isUpload)
        {
            return (method.Id, await _uploads.PrepareAsync(call, context.Request, body => Check(body, method.Request!)));
        }

        var bytes = await GcsUploads.ReadAsync(context.Request.Body);
        if (method.Request is not null && bytes.Length > 0)
        {
            Check(call.Body = GcsJson.Parse(bytes), method.Request);
        }

        return (method.Id, () => Select(call, _methods[method.Id](call)));
    }

    private async Task<GcsReply> ContinueAsync(HttpContext context, string id)
    {
        using var received = new MemoryStream();
        var isWhole = true;
        try
        {
            await context.Request.Body.CopyToAsync(received);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or BadHttpRequestException)
        {
            isWhole = false;
        }

        lock (_state)
        {
            return context.Request.Method switch
            {
                // The Go client posts.
                "PUT" or "POST" => Sessions.Continue(id, context.Request.Headers, received.ToArray(), isWhole),
                "DELETE" => Sessions.Cancel(id),
                _ => throw Violation(405, "methodNotAllowed", $"A session takes no {context.Request.Method}."),
            };
        }
    }

    private GcsCaller Authenticate(string header)
    {
        if (header.Length == 0)
        {
            return GcsCaller.Nobody;
        }

        return header.StartsWith("Bearer ", StringComparison.Ordinal) && _state.Options.Iam?.Find(header["Bearer ".Length..]) is { } token
            ? new GcsCaller(token.Principal, token.Scopes)
            : throw new GcsFault(401, "authError", "Invalid Credentials");
    }

    private GcsReply Select(GcsCall call, GcsReply reply)
    {
        if (reply.Json is null || call.Method.Response is not { } schema)
        {
            return reply;
        }

        if (Contract.Schemas.FindFaults(reply.Json, schema).ToList() is { Count: > 0 } faults)
        {
            throw Violation(500, "internalError", $"The answer is not by the contract: {string.Join(' ', faults)}");
        }

        try
        {
            return call.Query("fields") is { } fields ? reply with { Json = Contract.Schemas.Select(reply.Json, schema, fields) } : reply;
        }
        catch (FormatException exception)
        {
            throw Violation(400, "invalidParameter", exception.Message);
        }
    }

    private void Check(JsonObject body, string schema)
    {
        if (Contract.Schemas.FindFaults(body, schema).ToList() is { Count: > 0 } faults)
        {
            throw Violation(400, "invalid", string.Join(' ', faults));
        }
    }

    private GcsFault Violation(int status, string reason, string message)
    {
        Violations.Enqueue(message);
        return new GcsFault(status, reason, message);
    }

    private async Task WriteAsync(HttpContext context, GcsReply reply)
    {
        var response = context.Response;
        response.StatusCode = reply.Status;
        response.Headers.Date = _state.Now.ToString("R", CultureInfo.InvariantCulture);
        foreach (var (name, value) in reply.Headers)
        {
            response.Headers[name] = value;
        }

        response.Headers["X-GUploader-UploadID"] = reply.Headers.GetValueOrDefault("X-GUploader-UploadID", context.TraceIdentifier);
        var bytes = reply.Json is { } json ? JsonSerializer.SerializeToUtf8Bytes(json) : reply.Bytes;
        response.ContentType = reply.Json is not null ? "application/json; charset=UTF-8" : reply.ContentType;
        if (reply.Status is not (204 or 304))
        {
            response.ContentLength = bytes.Length;
            await response.Body.WriteAsync(bytes);
        }
    }
}
