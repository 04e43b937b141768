using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.S3Compatible;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>Answers that are none of a store, or not what was asked for.</summary>
public sealed class S3AnswerTests : IAsyncLifetime
{
    private const string Bucket = "offsite";

    private static readonly ObjectName Name = new("packs/ab/one");
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private S3Double _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await S3Double.StartAsync(new S3DoubleOptions { IgnoresLocks = true });
        _server.MakeBucket(Bucket);
        _server.MakeBucket("locked", hasLock: true);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_page_of_whoever_stands_between_says_nothing_about_an_object_or_its_place()
    {
        await using var target = Open("&versioning=off");
        await PutAsync(target);
        _server.Before = (context, _) => AnswerAsync(context, 404, "<html>no such site</html>", "text/html");

        foreach (var call in (Func<Task>[])
        [
            () => target.StatAsync(Name, Cancel),
            () => target.ReadAsync(Name, 0, new byte[1], Cancel),
            () => target.TryFetchAsync(Name, 1, Cancel),
            () => target.DeleteAsync(Name, Cancel),
            () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask(),
            () => PutAsync(target),
        ])
        {
            await AssertFaultAsync(TargetFault.Unavailable, call);
        }
    }

    [Fact]
    public async Task A_store_is_known_by_its_code_too()
    {
        await using var target = Open();
        _server.Before = (context, _) => AnswerAsync(context, 404, "<Error><Code>NoSuchKey</Code></Error>", "application/xml");

        Assert.Null(await target.TryFetchAsync(Name, 1, Cancel));
    }

    /// <summary>A key that is turned off, or a code that nobody knows, is no word of the object: not one is damaged, and the run ends.</summary>
    [Theory]
    [InlineData("KMS.DisabledException", TargetFault.KeyRejected, true)]
    [InlineData("KMS.KMSInvalidStateException", TargetFault.KeyRejected, true)]
    [InlineData("KMS.NotFoundException", TargetFault.KeyRejected, true)]
    [InlineData("KMS.ThrottlingException", TargetFault.Throttled, true)]
    [InlineData("ThrottlingException", TargetFault.Throttled, true)]
    [InlineData("SomethingNew", TargetFault.Unavailable, true)]
    [InlineData("InvalidRequest", TargetFault.Unsupported, false)]
    public async Task A_bad_request_for_an_object_says_nothing_of_it(string code, TargetFault expected, bool isOfWholePlace)
    {
        await using var target = Open();
        _server.Before = (context, _) => AnswerAsync(context, 400, $"<Error><Code>{code}</Code></Error>", "application/xml", isFromStore: true);

        foreach (var call in (Func<Task>[])[() => target.ReadAsync(Name, 0, new byte[1], Cancel), () => target.TryFetchAsync(Name, 1, Cancel)])
        {
            var error = await AssertFaultAsync(expected, call);
            Assert.Equal(isOfWholePlace, error.IsOfWholePlace);
            Assert.Contains($"({code}", error.Message, StringComparison.Ordinal);
            Assert.Equal(expected == TargetFault.KeyRejected, error.Remedy.Contains("kms:Decrypt", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task What_does_not_say_which_content_it_is_about_is_no_answer()
    {
        await using var target = Open("&versioning=off");
        _server.Before = (context, _) => AnswerAsync(context, 200, HttpMethods.IsPut(context.Request.Method) ? "" : "x", "text/plain");

        await AssertFaultAsync(TargetFault.Unavailable, () => PutAsync(target));
        await AssertFaultAsync(TargetFault.Unavailable, () => target.StatAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Unavailable, () => target.TryFetchAsync(Name, 1, Cancel));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("&versioning=on", false)]
    [InlineData("&versioning=off", false)]
    [InlineData("&conditionalput=yes", true)]
    [InlineData("&versioning=off&conditionalput=no", false)]
    public async Task The_condition_is_declared_where_it_is_known_to_be_kept(string options, bool isKnown)
    {
        await using var target = Open(options);

        Assert.Equal(isKnown, target.Capabilities.ConditionalPut);
    }

    [Fact]
    public async Task Where_it_is_not_known_there_is_a_look_before_and_the_condition_all_the_same()
    {
        await using var target = Open();
        await PutAsync(target);

        Assert.Equal(["HeadObject", "ListObjectsV2", "PutObject"], _server.Requests.Select(static request => request.Operation));
        Assert.Equal("*", _server.Requests.Last().Headers["if-none-match"]);
        await AssertFaultAsync(TargetFault.AlreadyExists, () => PutAsync(target));
        _server.Before = (context, next) => HttpMethods.IsHead(context.Request.Method) ? AnswerAsync(context, 404, "", "text/xml", isFromStore: true) : next();
        await AssertFaultAsync(TargetFault.AlreadyExists, () => PutAsync(target));
    }

    /// <summary>Somebody turned versions on after it was found out that there are none: what was deleted since would be hidden, and read for ever.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public async Task Versions_that_are_kept_by_now_are_seen_and_deleted(int count, bool isPutHere)
    {
        await using var other = S3Scene.Open(AddressOf("locked", "&versioning=on&conditionalput=yes"), S3CompatibleProfile.Instance, _server.Key);
        await using var target = S3Scene.Open(AddressOf("locked", "&versioning=off&conditionalput=yes"), S3CompatibleProfile.Instance, _server.Key);
        var names = Enumerable.Range(0, count).Select(static index => new ObjectName($"packs/ab/{index}")).ToList();
        foreach (var name in names)
        {
            await (isPutHere ? target : other).PutAsync(name, new MemoryStream([1]), PutOptions.Default with { IfAbsent = false }, Cancel);
            await other.PutAsync(name, new MemoryStream([2]), PutOptions.Default with { IfAbsent = false }, Cancel);
        }

        await (count == 1 ? target.DeleteAsync(names[0], Cancel) : target.DeleteManyAsync(names, Cancel));

        Assert.Empty(_server.Bucket("locked").Objects.Values.SelectMany(static versions => versions));
    }

    [Fact]
    public async Task A_name_of_ones_own_is_not_looked_up_first()
    {
        await using var target = Open();

        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default with { IsOwnName = true }, Cancel);

        Assert.Equal(["PutObject"], _server.Requests.Select(static request => request.Operation));
    }

    [Theory]
    [InlineData("retention")]
    [InlineData("legal-hold")]
    public async Task A_store_that_falls_silent_about_locks_is_given_up(string question)
    {
        await using var target = S3Scene.Open(AddressOf("locked", "&versioning=on"), S3CompatibleProfile.Instance, _server.Key, static settings => settings with { StallTimeout = Short });
        await PutAsync(target);
        var ends = new TaskCompletionSource();
        _server.Before = (context, next) => context.Request.Query.ContainsKey(question) ? ends.Task : next();

        var error = await AssertFaultAsync(TargetFault.Unavailable, () => target.GetLockAsync(Name, Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel));

        ends.SetResult();
        Assert.Contains("nothing moved", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bytes 0-1/2", TargetFault.OutOfRange)]
    [InlineData("bytes 0-1/9", TargetFault.Unavailable)]
    public async Task A_shorter_range_is_the_end_only_where_there_is_no_more(string range, TargetFault expected)
    {
        await using var target = Open();
        _server.Before = (context, _) =>
        {
            context.Response.Headers.ContentRange = range;
            context.Response.Headers.ETag = "\"1\"";
            return AnswerAsync(context, 206, "xx", "text/plain");
        };

        await AssertFaultAsync(expected, () => target.ReadAsync(Name, 0, new byte[4], Cancel));
    }

    [Theory]
    [InlineData("a", "b", "same", "names")]
    [InlineData("b", "a", "next", "names")]
    [InlineData("a", "a", "next", "names")]
    [InlineData("?", "?", "same", "names")]
    [InlineData("a", "a", "same", "versions")]
    [InlineData("b", "a", "next", "versions")]
    public async Task A_listing_that_goes_back_is_none(string first, string second, string token, string kind)
    {
        await using var target = Open("&versioning=on");
        var pages = 0;
        _server.Before = (context, _) =>
        {
            var (name, next) = pages++ == 0 ? (first, "same") : (second, pages > 9 ? "" : $"{token}{(token is "same" ? "" : pages)}");
            var (about, more) = ($"<Key>vault/{name}</Key><Size>1</Size><ETag>1</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>", $"<IsTruncated>{(next.Length > 0 ? "true" : "false")}</IsTruncated>");
            return AnswerAsync(
                context,
                200,
                kind is "names"
                    ? $"<ListBucketResult><Name>{Bucket}</Name>{more}<NextContinuationToken>{next}</NextContinuationToken><Contents>{about}</Contents></ListBucketResult>"
                    : $"<ListVersionsResult><Name>{Bucket}</Name>{more}<NextKeyMarker>{next}</NextKeyMarker><Version>{about}<VersionId>1</VersionId></Version></ListVersionsResult>",
                "application/xml");
        };

        await AssertFaultAsync(TargetFault.Unavailable, () => kind is "names" ? target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask() : target.ListVersionsAsync("", Cancel).ToListAsync(Cancel).AsTask());

        Assert.InRange(pages, 2, 3);
    }

    [Fact]
    public async Task That_a_lock_is_not_kept_is_said_where_the_object_cannot_be_taken_back_too()
    {
        await using var target = S3Scene.Open(AddressOf("locked", "&versioning=on"), S3CompatibleProfile.Instance, _server.Key);
        _server.Before = (context, next) =>
            HttpMethods.IsDelete(context.Request.Method) ? AnswerAsync(context, 403, "<Error><Code>AccessDenied</Code></Error>", "application/xml", isFromStore: true) : next();

        await AssertFaultAsync(
            TargetFault.LockNotKept,
            () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default with { Lock = new ObjectLock(LockMode.Governance, DateTimeOffset.UtcNow.AddDays(1)) }, Cancel));
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(206, true)]
    [InlineData(401, false)]
    [InlineData(403, false)]
    [InlineData(404, false)]
    [InlineData(302, null)]
    [InlineData(429, null)]
    [InlineData(503, null)]
    [InlineData(0, null)]
    public async Task Whether_everybody_may_read_is_told_by_some_answers_alone(int status, bool? isReadable)
    {
        using var credential = TargetCredential.Of(_server.Key.Id, _server.Key.Secret, "of the test");
        await using var setup = RemoteTargets.OpenSetup(
            new TargetSettings { Address = TargetUri.Parse(AddressOf(Bucket, "")) }, credential, new OpenContext(NullSink.Instance, TimeProvider.System) { StallTimeout = Short });
        var ends = new TaskCompletionSource();
        _server.Before = (context, _) => status == 0 ? ends.Task : AnswerAsync(context, status, "", "text/plain");

        Assert.Equal(isReadable, await setup.IsReadableByAllAsync(Name, Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        ends.SetResult();
    }

    private static Task<PutReceipt> PutAsync(Target target) => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

    private static async Task AnswerAsync(HttpContext context, int status, string body, string type, bool isFromStore = false)
    {
        context.Response.StatusCode = status;
        if (isFromStore)
        {
            context.Response.Headers["x-amz-request-id"] = "1";
        }

        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        if (body.Length > 0 && !HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync(body, Cancel);
        }
    }

    private static async Task<TargetException> AssertFaultAsync(TargetFault fault, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<TargetException>(call);
        Assert.Equal(fault, error.Fault);
        return error;
    }

    private Target Open(string options = "") => S3Scene.Open(AddressOf(Bucket, options), S3CompatibleProfile.Instance, _server.Key);

    private string AddressOf(string bucket, string options) => $"s3://{bucket}/vault?endpoint={_server.Endpoint.OriginalString.TrimEnd('/')}&region=eu-central-1{options}";
}
