using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <param name="Method">By the contract, such as <c>storage.objects.get</c>; "session" for the chunks of a resumable upload.</param>
public sealed record GcsRequest(string Method, string HttpMethod, string Target, int Status);

/// <summary>
/// Google Cloud Storage by its JSON API, in this process. Its routes and what they take come from the platform's own discovery document; what is not in it is a violation,
/// and one that no test has taken is an error when the double ends. Retention and holds refuse as the platform says that it does.
/// </summary>
public sealed class GcsDouble : IAsyncDisposable
{
    private readonly GcsState _state;
    private readonly GcsFront _front;
    private LoopbackServer _server = null!;

    private GcsDouble(GcsDoubleOptions options)
    {
        _state = new GcsState(options);
        _front = new GcsFront(_state);
    }

    /// <summary>Ends with a slash; the API is below <c>storage/v1/</c> of it.</summary>
    public Uri Address => _state.Address!;

    public IReadOnlyCollection<GcsRequest> Requests => _front.Requests;

    /// <summary>Resumable uploads that were begun and neither finished nor cancelled.</summary>
    public int UnfinishedUploads
    {
        get
        {
            lock (_state)
            {
                return _front.Sessions.Unfinished.Count();
            }
        }
    }

    /// <summary>In all buckets, each generation counted.</summary>
    public int ObjectCount
    {
        get
        {
            lock (_state)
            {
                return _state.Buckets.Values.Sum(static bucket => bucket.Objects.Values.Sum(static generations => generations.Count));
            }
        }
    }

    /// <summary>Those of them that are below a prefix.</summary>
    public IReadOnlyList<string> UnfinishedUploadsOf(string prefix)
    {
        lock (_state)
        {
            return [.. _front.Sessions.Unfinished.Where(upload => upload.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(static upload => $"{upload.Name} {upload.Id}")];
        }
    }

    /// <summary>Stands before every request; passes it on, changes its answer, or gives one itself.</summary>
    public Func<HttpContext, Func<Task>, Task>? Before { get; set; }

    public static async Task<GcsDouble> StartAsync(GcsDoubleOptions? options = null)
    {
        var started = new GcsDouble(options ?? new GcsDoubleOptions());
        await started.StartAgainAsync();
        started._state.Address = started._server.Address;
        return started;
    }

    /// <summary>Connections end, and nobody answers any more. What was stored stays.</summary>
    public ValueTask KillAsync() => _server.DisposeAsync();

    /// <summary>On the same port.</summary>
    public async Task StartAgainAsync() => _server = await LoopbackServer.StartAsync(
        context => Before is { } before ? before(context, () => _front.AnswerAsync(context)) : _front.AnswerAsync(context), _state.Options.Certificate, _state.Address?.Port ?? 0);

    /// <summary>As <c>buckets.insert</c> makes it.</summary>
    /// <param name="resource">JSON of what differs from the platform's defaults; uniform access is on unless it says otherwise.</param>
    public void MakeBucket(string name, string resource = "{}", bool hasObjectRetention = false)
    {
        var body = JsonNode.Parse("""{"iamConfiguration":{"uniformBucketLevelAccess":{"enabled":true},"publicAccessPrevention":"enforced"}}""")!.AsObject();
        GcsJson.Merge(body, JsonNode.Parse(resource)!.AsObject());
        body["name"] = name;
        _front.MakeBucket(body, hasObjectRetention);
    }

    /// <summary>From now on this principal has these permissions and no others.</summary>
    public void Give(string principal, params IEnumerable<string> permissions)
    {
        lock (_state)
        {
            _state.Rights.Give(principal, permissions);
        }
    }

    /// <summary>Every generation of an object that there is, in hand of the test: oldest first.</summary>
    public IReadOnlyList<(long Generation, byte[] Bytes, bool IsLive)> GenerationsOf(string bucket, string name)
    {
        lock (_state)
        {
            return [.. (_state.Bucket(bucket).Objects.GetValueOrDefault(name) ?? []).Select(stored => (stored.Generation, stored.Bytes, stored.Deleted is null))];
        }
    }

    /// <summary>What requests did that the contract does not know; they were refused. Taken ones are no error any more.</summary>
    public IReadOnlyList<string> TakeViolations()
    {
        var taken = new List<string>();
        while (_front.Violations.TryDequeue(out var violation))
        {
            taken.Add(violation);
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (TakeViolations() is { Count: > 0 } violations)
        {
            throw new InvalidOperationException($"Requests were not as the contract has them:\n{string.Join('\n', violations)}");
        }
    }
}
