using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>What an account with versions and locks answers, which no server here has.</summary>
public sealed class AzureAnswerTests : IAsyncLifetime
{
    private const string Key = "c29tZSBrZXkgb2YgYSB0ZXN0";

    private static readonly ObjectName Name = new("one");

    private readonly ConcurrentQueue<string> _deletes = new();
    private readonly ConcurrentQueue<string> _pages = new();
    private LoopbackServer _server = null!;
    private int _deleteStatus = 202;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await LoopbackServer.StartAsync(AnswerAsync);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_object_without_a_version_does_not_show_that_none_are_kept()
    {
        await using var target = Open();
        _pages.Enqueue(PageOf(BlobOf("old", null)));
        _pages.Enqueue(PageOf(BlobOf("one", "1") + BlobOf("one", "2", isNewest: true)));
        await target.DeleteAsync(new ObjectName("old"), Cancel);
        Assert.True(target.Capabilities.Versions);

        await target.DeleteAsync(Name, Cancel);

        Assert.Equal(["old ", "one ", "one 1", "one 2"], _deletes);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(-1, false)]
    public async Task Whether_a_lock_is_over_tells_the_clock_of_the_store(int hours, bool isLocked)
    {
        await using var target = Open(time: new ShiftedTime { Offset = TimeSpan.FromDays(isLocked ? 30 : -30) });
        _pages.Enqueue(PageOf(BlobOf("one", "1", isNewest: true, lockedUntil: DateTimeOffset.UtcNow.AddHours(hours))));

        if (isLocked)
        {
            await AssertFaultAsync(TargetFault.Locked, () => target.DeleteAsync(Name, Cancel));
        }
        else
        {
            await target.DeleteAsync(Name, Cancel);
        }

        Assert.Equal(isLocked, _deletes.IsEmpty);
    }

    [Fact]
    public async Task That_a_lock_is_not_kept_is_said_where_the_object_cannot_be_taken_back_too()
    {
        await using var target = Open("&versioning=on");
        _deleteStatus = 403;

        await AssertFaultAsync(
            TargetFault.LockNotKept,
            () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default with { Lock = new ObjectLock(LockMode.Governance, DateTimeOffset.UtcNow.AddDays(1)) }, Cancel));
        Assert.NotEmpty(_deletes);
    }

    [Theory]
    [InlineData("a", "b", "same")]
    [InlineData("b", "a", "next")]
    public async Task A_listing_that_goes_back_is_none(string first, string second, string marker)
    {
        await using var target = Open();
        _pages.Enqueue(PageOf(BlobOf(first, null), "same"));
        _pages.Enqueue(PageOf(BlobOf(second, null), marker));
        _pages.Enqueue(PageOf(BlobOf(second, null), marker));
        _pages.Enqueue(PageOf(""));

        await AssertFaultAsync(TargetFault.Unavailable, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
    }

    [Fact]
    public async Task A_page_of_whoever_stands_between_does_not_say_that_the_place_is_missing()
    {
        await using var server = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("<html>no such site</html>", Cancel);
        });
        await using var target = AzureStore.Open(Key, AzureStore.AddressOf(new Uri($"{server.Address}{AzuriteServer.Account}"), "offsite"));

        await AssertFaultAsync(TargetFault.Unavailable, () => target.StatAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Unavailable, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
    }

    private static string BlobOf(string name, string? version, bool isNewest = false, DateTimeOffset? lockedUntil = null) =>
        $"<Blob><Name>some/prefix/{name}</Name>{(version is null ? "" : $"<VersionId>{version}</VersionId>")}{(isNewest ? "<IsCurrentVersion>true</IsCurrentVersion>" : "")}<Properties>"
        + "<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>1</Content-Length><BlobType>BlockBlob</BlobType>"
        + (lockedUntil is { } until ? $"<ImmutabilityPolicyUntilDate>{until.ToString("R", CultureInfo.InvariantCulture)}</ImmutabilityPolicyUntilDate><ImmutabilityPolicyMode>unlocked</ImmutabilityPolicyMode>" : "")
        + "</Properties></Blob>";

    private static string PageOf(string blobs, string next = "") =>
        $"<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"offsite\"><Blobs>{blobs}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>";

    private static async Task AssertFaultAsync(TargetFault fault, Func<Task> call) => Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(call)).Fault);

    private AzureBlobTarget Open(string options = "", TimeProvider? time = null) =>
        AzureStore.Open(Key, AzureStore.AddressOf(new Uri($"{_server.Address}{AzuriteServer.Account}"), "offsite", options: options), time);

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers["x-ms-request-id"] = "1";
        headers["x-ms-request-server-encrypted"] = "true";
        headers.ETag = "\"0x1\"";
        headers.LastModified = "Thu, 01 Jan 2026 00:00:00 GMT";
        switch (request.Method)
        {
            case "DELETE":
                _deletes.Enqueue($"{request.Path.Value!.Split('/')[^1]} {request.Query["versionid"]}");
                context.Response.StatusCode = _deleteStatus;
                break;
            case "PUT":
                await request.Body.CopyToAsync(Stream.Null, Cancel);
                context.Response.StatusCode = 201;
                break;
            case "GET" when _pages.TryDequeue(out var page):
                context.Response.ContentType = "application/xml";
                await context.Response.WriteAsync(page, Cancel);
                break;
        }
    }
}
