using Microsoft.Extensions.Time.Testing;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>Retention and holds, which no emulator enforces: deletes and overwrites are really refused, and locks only grow.</summary>
public sealed class GcsDoubleKeepingTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));
    private GcsDouble _server = null!;
    private GcsDoubleClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await GcsDouble.StartAsync(new GcsDoubleOptions { Time = _time, AllowsAnonymous = true });
        _client = new GcsDoubleClient(_server);
        _server.MakeBucket("plain");
        _server.MakeBucket("kept", """{"retentionPolicy":{"retentionPeriod":"100"}}""");
        _server.MakeBucket("locks", """{"versioning":{"enabled":true}}""", hasObjectRetention: true);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_bucket_s_retention_refuses_delete_and_overwrite_until_it_ends()
    {
        await _client.UploadAsync("kept", """{"name":"a"}""", [1]);

        Assert.Equal("retentionPolicyNotMet", await RefusalAsync(HttpMethod.Delete, "kept/o/a"));
        Assert.Equal(403, (await _client.UploadAsync("kept", """{"name":"a"}""", [2])).Status);
        Assert.Equal([1], Assert.Single(_server.GenerationsOf("kept", "a")).Bytes);
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(204, (await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/kept/o/a")).Status);
    }

    [Fact]
    public async Task A_locked_bucket_retention_only_grows()
    {
        var (_, bucket) = await _client.SendAsync(HttpMethod.Get, "storage/v1/b/kept");
        var lockIt = $"storage/v1/b/kept/lockRetentionPolicy?ifMetagenerationMatch={bucket!["metageneration"]}";

        Assert.Equal(412, (await _client.SendAsync(HttpMethod.Post, "storage/v1/b/kept/lockRetentionPolicy?ifMetagenerationMatch=9")).Status);
        Assert.Equal(200, (await _client.SendAsync(HttpMethod.Post, lockIt)).Status);
        Assert.Equal(403, (await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/kept", """{"retentionPolicy":{"retentionPeriod":"99"}}""")).Status);
        Assert.Equal(403, (await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/kept", """{"retentionPolicy":null}""")).Status);
        var (_, grown) = await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/kept", """{"retentionPolicy":{"retentionPeriod":"101"}}""");
        Assert.True((bool)grown!["retentionPolicy"]!["isLocked"]!);
    }

    [Theory]
    [InlineData("temporaryHold")]
    [InlineData("eventBasedHold")]
    public async Task A_hold_refuses_delete_and_overwrite_until_it_is_taken_off(string hold)
    {
        await _client.UploadAsync("plain", $$"""{"name":"a","{{hold}}":true}""", [1]);

        Assert.Equal("objectUnderActiveHold", await RefusalAsync(HttpMethod.Delete, "plain/o/a"));
        Assert.Equal(403, (await _client.UploadAsync("plain", """{"name":"a"}""", [2])).Status);
        Assert.Equal(200, (await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/plain/o/a", $$"""{"{{hold}}":false}""")).Status);
        Assert.Equal(204, (await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/plain/o/a")).Status);
    }

    [Fact]
    public async Task Retention_counts_from_the_end_of_an_event_based_hold()
    {
        await _client.UploadAsync("kept", """{"name":"a","eventBasedHold":true}""", [1]);
        _time.Advance(TimeSpan.FromSeconds(200));
        await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/kept/o/a", """{"eventBasedHold":false}""");

        Assert.Equal("retentionPolicyNotMet", await RefusalAsync(HttpMethod.Delete, "kept/o/a"));
    }

    [Theory]
    [InlineData("Locked", "Locked", 99, "", 403)]
    [InlineData("Locked", "Locked", 99, "?overrideUnlockedRetention=true", 403)]
    [InlineData("Locked", "Unlocked", 101, "?overrideUnlockedRetention=true", 403)]
    [InlineData("Locked", "Locked", 101, "", 200)]
    [InlineData("Unlocked", "Unlocked", 99, "", 403)]
    [InlineData("Unlocked", "Unlocked", 101, "", 200)]
    [InlineData("Unlocked", "Unlocked", 99, "?overrideUnlockedRetention=true", 200)]
    [InlineData("Unlocked", "Locked", 101, "", 403)]
    [InlineData("Unlocked", "Locked", 101, "?overrideUnlockedRetention=true", 200)]
    public async Task An_object_s_retention_changes_as_its_mode_allows(string mode, string wanted, int seconds, string query, int expected)
    {
        await _client.UploadAsync("locks", $$"""{"name":"a","retention":{{Retention(mode, 100)}}}""", [1]);

        var (status, _) = await _client.SendAsync(HttpMethod.Patch, $"storage/v1/b/locks/o/a{query}", $$"""{"retention":{{Retention(wanted, seconds)}}}""");

        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task A_kept_generation_is_archived_by_name_and_not_deleted()
    {
        var (_, json) = await _client.UploadAsync("locks", $$"""{"name":"a","retention":{{Retention("Locked", 100)}}}""", [1]);

        Assert.Equal("retentionPolicyNotMet", await RefusalAsync(HttpMethod.Delete, $"locks/o/a?generation={json!["generation"]}"));
        Assert.Equal(204, (await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/locks/o/a")).Status);
        Assert.Single(_server.GenerationsOf("locks", "a"));
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(204, (await _client.SendAsync(HttpMethod.Delete, $"storage/v1/b/locks/o/a?generation={json["generation"]}")).Status);
    }

    [Theory]
    [InlineData("""{"mode":"Locked"}""")]
    [InlineData("""{"mode":"Some","retainUntilTime":"2026-03-05T00:00:00Z"}""")]
    [InlineData("""{"mode":"Locked","retainUntilTime":"2026-03-04T00:00:00Z"}""")]
    public async Task A_retention_that_is_none_is_refused(string retention)
    {
        Assert.Equal(400, (await _client.UploadAsync("locks", $$"""{"name":"a","retention":{{retention}}}""", [1])).Status);
        Assert.Empty(_server.GenerationsOf("locks", "a"));
    }

    [Fact]
    public async Task A_bucket_without_object_retention_takes_none() =>
        Assert.Equal(400, (await _client.UploadAsync("plain", $$"""{"name":"a","retention":{{Retention("Locked", 100)}}}""", [1])).Status);

    [Fact]
    public async Task Public_access_prevention_refuses_everybody()
    {
        const string Everybody = """{"bindings":[{"role":"roles/storage.objectViewer","members":["allUsers"]}]}""";

        Assert.Equal(412, (await _client.SendAsync(HttpMethod.Put, "storage/v1/b/plain/iam", Everybody)).Status);
        await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/plain", """{"iamConfiguration":{"publicAccessPrevention":"inherited"}}""");
        Assert.Equal(200, (await _client.SendAsync(HttpMethod.Put, "storage/v1/b/plain/iam", Everybody)).Status);
    }

    private string Retention(string mode, int seconds) =>
        $$"""{"mode":"{{mode}}","retainUntilTime":"{{_time.GetUtcNow().AddSeconds(seconds):yyyy-MM-ddTHH:mm:ssZ}}"}""";

    private async Task<string> RefusalAsync(HttpMethod method, string path)
    {
        var (status, json) = await _client.SendAsync(method, $"storage/v1/b/{path}");
        Assert.Equal(403, status);
        return GcsDoubleClient.Reason(json);
    }
}
