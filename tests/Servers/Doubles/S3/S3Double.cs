using System.Collections.Concurrent;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <param name="Operation">By the contract, such as <c>PutObject</c>.</param>
public sealed record S3Request(string Operation, string Method, string Target, int Status, IReadOnlyDictionary<string, string> Headers);

/// <summary>
/// Amazon S3 in this process, for what no real server here has: sums that are demanded and proved, encryption that is confirmed, archives, conditional completion; and for the
/// ways of other providers. Its requests come from Amazon's own description; what is not in it is a violation, and one that no test has taken is an error when the double ends.
/// </summary>
public sealed class S3Double : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, S3Bucket> _buckets = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<S3Request> _requests = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly S3DoubleOptions _options;
    private readonly S3Signature _signature;
    private readonly S3ObjectMethods _objects;
    private readonly S3BucketMethods _settings;
    private readonly S3MultipartMethods _multipart;
    private readonly S3LateSettings _late;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("s3-double-");
    private LoopbackServer _server = null!;

    private S3Double(S3DoubleOptions options)
    {
        _options = options;
        _signature = new S3Signature(options);
        _objects = new S3ObjectMethods(options, () => _buckets.Values.Sum(static bucket => bucket.Bytes));
        _settings = new S3BucketMethods(options);
        _multipart = new S3MultipartMethods(_objects);
        _late = new S3LateSettings(options);
    }

    public Uri Endpoint => _server.Address;

    /// <summary>Connections that no side has closed yet.</summary>
    public int Connections => _server.Connections;

    /// <summary>Of the certificate, where it is secure.</summary>
    public string AuthorityFile => Path.Combine(_folder.FullName, "ca.pem");

    public S3Key Key => _options.Key;

    public IReadOnlyCollection<S3Request> Requests => _requests;

    /// <summary>Stands before every request; passes it on, changes its answer, or gives one itself.</summary>
    public Func<HttpContext, Func<Task>, Task>? Before { get; set; }

    public static async Task<S3Double> StartAsync(S3DoubleOptions? options = null)
    {
        var started = new S3Double(options ?? new S3DoubleOptions());
        var certificate = started._options.IsSecure ? Certificates.Make(started._folder.FullName) : null;
        started._server = await LoopbackServer.StartAsync(
            context => started.Before is { } before ? before(context, () => started.AnswerAsync(context)) : started.AnswerAsync(context), certificate);
        return started;
    }

    public S3Bucket MakeBucket(string name, bool hasLock = false, bool isVersioned = false)
    {
        var bucket = new S3Bucket(name, hasLock);
        bucket.Versioning = hasLock || isVersioned ? "Enabled" : null;
        _buckets[name] = bucket;
        return bucket;
    }

    public S3Bucket Bucket(string name) => _buckets[name];

    /// <summary>What requests did that the contract does not know; they were refused. Taken ones are no error any more.</summary>
    public IReadOnlyList<string> TakeViolations()
    {
        var taken = new List<string>();
        while (_violations.TryDequeue(out var violation))
        {
            taken.Add(violation);
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
        if (TakeViolations() is { Count: > 0 } violations)
        {
            throw new InvalidOperationException($"Requests were not as the contract has them:\n{string.Join('\n', violations)}");
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var call = await S3Call.ReadAsync(context);
        call.Set("x-amz-request-id", Guid.NewGuid().ToString("n")[..16].ToUpperInvariant());
        call.Set("Date", _options.Time.GetUtcNow().ToString("R"));
        var own = call.Key is null ? _options.OwnSettings.Keys.FirstOrDefault(call.Has) : null;
        var operation = own is not null ? null : S3Contract.Instance.Find(call.Method, call.Bucket is not null, call.Key is not null, call.Query, name => call.Header(name) is not null);
        call.Answering = status => _requests.Enqueue(new S3Request(
            operation?.Name ?? own ?? "?", call.Method, $"{call.RawPath}?{call.RawQuery}", status,
            context.Request.Headers.ToDictionary(static header => header.Key.ToLowerInvariant(), static header => header.Value.ToString(), StringComparer.Ordinal)));
        try
        {
            if (own is not null)
            {
                _signature.Require(call);
                await S3OwnSettings.Answer(call, _buckets.GetValueOrDefault(call.Bucket!) ?? throw new S3RefusalException(404, "NoSuchBucket"), own, _options);
            }
            else
            {
                Check(call, operation);
                _signature.Require(call);
                S3Checksums.Require(call, operation!, _options);
                if (call.Header("x-amz-expected-bucket-owner") is { } expected && expected != _options.Owner)
                {
                    throw S3RefusalException.AccessDenied;
                }

                await DispatchAsync(call, operation!.Name);
            }
        }
        catch (S3RefusalException refusal)
        {
            var xml = XElement.Parse($"<Error><Code>{refusal.Code}</Code><Message>{refusal.Message}</Message>{refusal.More}<RequestId>{context.Response.Headers["x-amz-request-id"]}</RequestId></Error>");
            await call.AnswerAsync(refusal.Status, xml);
        }
    }

    private void Check(S3Call call, S3Operation? operation)
    {
        var problems = operation is null
            ? ["the contract has no such operation"]
            : S3Contract.Instance.Check(operation, call.Query, call.Context.Request.Headers.Select(static header => KeyValuePair.Create(header.Key, header.Value.ToString())), call.Body).ToList();
        problems.RemoveAll(problem => _options.HasOwnRegions && problem.StartsWith("LocationConstraint is no ", StringComparison.Ordinal));
        if (problems.Count > 0)
        {
            problems.ForEach(problem => _violations.Enqueue($"{operation?.Name} {call.Method} {call.RawPath}?{call.RawQuery}: {problem}"));
            throw new S3RefusalException(400, "InvalidRequest");
        }
    }

    private async Task DispatchAsync(S3Call call, string operation)
    {
        if (_options.Lacks.Contains(operation, StringComparer.Ordinal))
        {
            throw new S3RefusalException(501, "NotImplemented");
        }

        if (operation is "ListBuckets")
        {
            await call.AnswerAsync(200, new XElement("ListAllMyBucketsResult", new XElement("Buckets", _buckets.Keys.Select(static name => new XElement("Bucket", new XElement("Name", name))))));
            return;
        }

        if (operation is "CreateBucket")
        {
            if (_buckets.ContainsKey(call.Bucket!))
            {
                throw new S3RefusalException(409, "BucketAlreadyOwnedByYou");
            }

            var made = MakeBucket(call.Bucket!, call.Header("x-amz-bucket-object-lock-enabled") is "true", _options.AlwaysKeepsVersions);
            made.Location = call.Body.Length == 0 ? null : call.Xml().Elements().FirstOrDefault(static child => child.Name.LocalName is "LocationConstraint")?.Value;
            await call.AnswerAsync(200);
            return;
        }

        var bucket = _buckets.GetValueOrDefault(call.Bucket!) ?? throw new S3RefusalException(404, "NoSuchBucket");
        Task answer;
        lock (bucket)
        {
            answer = call.Key is null ? _settings.Answer(call, _late.For(bucket, call.Method), operation)
                : S3MultipartMethods.Knows(operation) ? _multipart.Answer(call, bucket, operation)
                : S3LockMethods.Knows(operation) ? S3LockMethods.Answer(call, bucket, operation, _options)
                : _objects.Answer(call, bucket, operation);
        }

        await answer;
    }
}
