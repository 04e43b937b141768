using Microsoft.Extensions.Time.Testing;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>The double keeps what the platform keeps and refuses what it refuses. Sums and generations are checked here with values from outside it.</summary>
public sealed class GcsDoubleTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));
    private GcsDouble _server = null!;
    private GcsDoubleClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await GcsDouble.StartAsync(new GcsDoubleOptions { Time = _time, AllowsAnonymous = true, MaxListed = 3 });
        _client = new GcsDoubleClient(_server);
        _server.MakeBucket("plain");
        _server.MakeBucket("old", """{"versioning":{"enabled":true}}""");
        _server.MakeBucket("kept", """{"retentionPolicy":{"retentionPeriod":"100"}}""");
        _server.MakeBucket("locks", """{"versioning":{"enabled":true}}""", hasObjectRetention: true);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_upload_is_described_with_its_sums()
    {
        var (status, json) = await _client.UploadAsync("plain", """{"name":"a/b","crc32c":"4waSgw==","md5Hash":"JfnnlDI7RTiF9RgfG2JNCw=="}""", "123456789"u8.ToArray());

        Assert.Equal(200, status);
        Assert.Equal("4waSgw==", (string?)json!["crc32c"]);
        Assert.Equal("JfnnlDI7RTiF9RgfG2JNCw==", (string?)json["md5Hash"]);
        Assert.Equal("9", (string?)json["size"]);
        Assert.Equal("2026-03-04T05:06:07.000Z", (string?)json["timeCreated"]);
    }

    [Theory]
    [InlineData("""{"name":"a","crc32c":"AAAAAA=="}""")]
    [InlineData("""{"name":"a","md5Hash":"AAAAAAAAAAAAAAAAAAAAAA=="}""")]
    public async Task A_wrong_sum_is_refused_and_nothing_is_stored(string metadata)
    {
        var (status, json) = await _client.UploadAsync("plain", metadata, [1]);

        Assert.Equal((400, "invalid"), (status, GcsDoubleClient.Reason(json)));
        Assert.Empty(_server.GenerationsOf("plain", "a"));
    }

    [Theory]
    [InlineData("storage/v1/b/plain/o?maxResult=1")]
    [InlineData("storage/v1/b/plain/o?maxResults=-1")]
    [InlineData("storage/v1/b/plain/o?versions=yes")]
    [InlineData("storage/v1/b/plain/o?projection=some")]
    [InlineData("storage/v1/b/plain/o?fields=items(nam)")]
    [InlineData("storage/v1/b/plain/o?prefix=a&prefix=b")]
    [InlineData("storage/v1/b/plain/iam/testPermissions")]
    [InlineData("storage/v1/b/plain/oo")]
    [InlineData("storage/v1/b/plain/notificationConfigs")]
    public async Task What_the_contract_does_not_know_is_refused_and_remembered(string path)
    {
        var (status, _) = await _client.SendAsync(HttpMethod.Get, path);

        Assert.InRange(status, 400, 501);
        Assert.Single(_server.TakeViolations());
    }

    [Theory]
    [InlineData("""{"temporaryHolds":true}""")]
    [InlineData("""{"temporaryHold":"yes"}""")]
    [InlineData("""{"retention":{"mode":"Locked","until":"2026-01-01T00:00:00Z"}}""")]
    [InlineData("""{"retention":{"mode":"Locked","retainUntilTime":"tomorrow"}}""")]
    public async Task A_body_that_the_contract_does_not_know_is_refused_and_remembered(string body)
    {
        await _client.UploadAsync("plain", """{"name":"a"}""", [1]);

        Assert.Equal(400, (await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/plain/o/a", body)).Status);
        Assert.Single(_server.TakeViolations());
    }

    [Fact]
    public async Task A_violation_that_nobody_took_is_an_error_at_the_end()
    {
        var server = await GcsDouble.StartAsync();
        using var client = new GcsDoubleClient(server);
        await client.SendAsync(HttpMethod.Get, "storage/v1/nothing");

        await Assert.ThrowsAsync<InvalidOperationException>(() => server.DisposeAsync().AsTask());
    }

    [Fact]
    public async Task Generations_decide_conditions()
    {
        var (_, first) = await _client.UploadAsync("plain", """{"name":"a"}""", [1], "&ifGenerationMatch=0");
        var generation = (string)first!["generation"]!;

        Assert.Equal(412, (await _client.UploadAsync("plain", """{"name":"a"}""", [2], "&ifGenerationMatch=0")).Status);
        Assert.Equal(412, (await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/plain/o/a?ifGenerationMatch=1")).Status);
        Assert.Equal(304, (await _client.SendAsync(HttpMethod.Get, $"storage/v1/b/plain/o/a?ifGenerationNotMatch={generation}")).Status);
        Assert.Equal(404, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain/o/a?generation=1")).Status);
        Assert.Equal(200, (await _client.UploadAsync("plain", """{"name":"a"}""", [2], $"&ifGenerationMatch={generation}")).Status);
        Assert.Equal([2], Assert.Single(_server.GenerationsOf("plain", "a")).Bytes);
    }

    [Fact]
    public async Task A_versioned_bucket_keeps_what_is_replaced_or_deleted_by_name()
    {
        await _client.UploadAsync("old", """{"name":"a"}""", [1]);
        await _client.UploadAsync("old", """{"name":"a"}""", [2]);
        await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/old/o/a");

        Assert.Equal(404, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/old/o/a")).Status);
        Assert.Equal([false, false], _server.GenerationsOf("old", "a").Select(each => each.IsLive));
        var (_, listed) = await _client.SendAsync(HttpMethod.Get, "storage/v1/b/old/o?versions=true");
        foreach (var item in listed!["items"]!.AsArray())
        {
            Assert.Equal(204, (await _client.SendAsync(HttpMethod.Delete, $"storage/v1/b/old/o/a?generation={item!["generation"]}")).Status);
        }

        Assert.Empty(_server.GenerationsOf("old", "a"));
    }

    [Fact]
    public async Task Pages_follow_each_other_and_prefixes_stand_once()
    {
        foreach (var name in (string[])["a", "b/1", "b/2", "c", "d", "e/1", "f"])
        {
            await _client.UploadAsync("plain", $$"""{"name":"{{name}}"}""", [1]);
        }

        Assert.Equal(["a", "b/1", "b/2", "c", "d", "e/1", "f"], await ListAsync(""));
        Assert.Equal(["a", "b/", "c", "d", "e/", "f"], await ListAsync("&delimiter=/"));
        Assert.Equal(["b/2", "c", "d"], await ListAsync("&startOffset=b/2&endOffset=e"));
        Assert.Equal(["b/1", "b/2"], await ListAsync("&prefix=b/&maxResults=1"));
        Assert.Equal(400, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain/o?pageToken=%21")).Status);
    }

    [Theory]
    [InlineData("bytes=0-1", 206, "bytes 0-1/3")]
    [InlineData("bytes=1-", 206, "bytes 1-2/3")]
    [InlineData("bytes=-1", 206, "bytes 2-2/3")]
    [InlineData("bytes=2-9", 206, "bytes 2-2/3")]
    [InlineData("bytes=3-3", 416, null)]
    public async Task Ranges_are_answered_as_asked(string range, int status, string? expected)
    {
        await _client.UploadAsync("plain", """{"name":"a"}""", [1, 2, 3]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "storage/v1/b/plain/o/a?alt=media");
        request.Headers.TryAddWithoutValidation("Range", range);
        using var response = await _client.SendRawAsync(request);

        Assert.Equal((status, expected), ((int)response.StatusCode, response.Content.Headers.ContentRange?.ToString()));
    }

    [Fact]
    public async Task With_uniform_access_no_list_of_rights_is_taken()
    {
        var (status, _) = await _client.UploadAsync("plain", """{"name":"a"}""", [1], "&predefinedAcl=private");

        Assert.Equal(400, status);
        Assert.Empty(_server.GenerationsOf("plain", "a"));
    }

    [Fact]
    public async Task Compose_and_rewrite_make_whole_objects()
    {
        await _client.UploadAsync("plain", """{"name":"a"}""", "12345"u8.ToArray());
        await _client.UploadAsync("plain", """{"name":"b"}""", "6789"u8.ToArray());

        var (_, composed) = await _client.SendAsync(HttpMethod.Post, "storage/v1/b/plain/o/c/compose", """{"sourceObjects":[{"name":"a"},{"name":"b"}]}""");
        var (_, half) = await _client.SendAsync(HttpMethod.Post, "storage/v1/b/plain/o/c/rewriteTo/b/old/o/d?maxBytesRewrittenPerCall=5", "{}");
        var (_, done) = await _client.SendAsync(HttpMethod.Post, $"storage/v1/b/plain/o/c/rewriteTo/b/old/o/d?rewriteToken={half!["rewriteToken"]}", "{}");

        Assert.Equal("4waSgw==", (string?)composed!["crc32c"]);
        Assert.Null(composed["md5Hash"]);
        Assert.False((bool)half["done"]!);
        Assert.True((bool)done!["done"]!);
        Assert.Equal("123456789"u8.ToArray(), Assert.Single(_server.GenerationsOf("old", "d")).Bytes);
    }

    [Fact]
    public async Task One_change_a_second_of_a_name_where_that_is_on()
    {
        await using var server = await GcsDouble.StartAsync(new GcsDoubleOptions { Time = _time, AllowsAnonymous = true, LimitsMutations = true });
        using var client = new GcsDoubleClient(server);
        server.MakeBucket("plain");

        Assert.Equal(200, (await client.UploadAsync("plain", """{"name":"a"}""", [1])).Status);
        var (status, json) = await client.UploadAsync("plain", """{"name":"a"}""", [2]);
        Assert.Equal((429, "rateLimitExceeded"), (status, GcsDoubleClient.Reason(json)));
        Assert.Equal(200, (await client.UploadAsync("plain", """{"name":"b"}""", [2])).Status);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await client.UploadAsync("plain", """{"name":"a"}""", [2])).Status);
    }

    private async Task<List<string>> ListAsync(string query)
    {
        var found = new List<string>();
        for (var token = ""; token is not null;)
        {
            var (_, page) = await _client.SendAsync(HttpMethod.Get, $"storage/v1/b/plain/o?fields=nextPageToken,prefixes,items(name){query}{(token.Length > 0 ? $"&pageToken={Uri.EscapeDataString(token)}" : "")}");
            found.AddRange((page!["items"]?.AsArray() ?? []).Select(item => (string)item!["name"]!));
            found.AddRange((page["prefixes"]?.AsArray() ?? []).Select(item => (string)item!));
            token = (string?)page["nextPageToken"];
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }
}
