using Microsoft.Extensions.Time.Testing;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

public sealed class GcsDoubleSessionTests : IAsyncLifetime
{
    private const int Piece = 256 * 1024;

    private static readonly byte[] Bytes = [.. Enumerable.Range(0, (2 * Piece) + 5).Select(index => (byte)(index * 7))];

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero));
    private GcsDouble _server = null!;
    private GcsDoubleClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await GcsDouble.StartAsync(new GcsDoubleOptions { Time = _time, AllowsAnonymous = true });
        _client = new GcsDoubleClient(_server);
        _server.MakeBucket("plain");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Chunks_are_kept_one_after_the_other()
    {
        var session = await _client.BeginAsync("plain", "a", "&ifGenerationMatch=0");

        Assert.Equal((308, null), await _client.PutChunkAsync(session, [], "bytes */*"));
        Assert.Equal((308, $"bytes=0-{Piece - 1}"), await _client.PutChunkAsync(session, Bytes[..Piece], $"bytes 0-{Piece - 1}/*"));
        Assert.Equal((308, $"bytes=0-{(2 * Piece) - 1}"), await _client.PutChunkAsync(session, Bytes[Piece..(2 * Piece)], $"bytes {Piece}-{(2 * Piece) - 1}/{Bytes.Length}"));
        Assert.Equal(1, _server.UnfinishedUploads);
        Assert.Equal(200, (await _client.PutChunkAsync(session, Bytes[(2 * Piece)..], $"bytes {2 * Piece}-{Bytes.Length - 1}/{Bytes.Length}")).Status);
        Assert.Equal(200, (await _client.PutChunkAsync(session, [], $"bytes */{Bytes.Length}")).Status);

        Assert.Equal(Bytes, Assert.Single(_server.GenerationsOf("plain", "a")).Bytes);
        Assert.Equal(0, _server.UnfinishedUploads);
    }

    [Fact]
    public async Task What_comes_twice_is_kept_once()
    {
        var session = await _client.BeginAsync("plain", "a");
        await _client.PutChunkAsync(session, Bytes[..Piece], $"bytes 0-{Piece - 1}/{Bytes.Length}");

        Assert.Equal(200, (await _client.PutChunkAsync(session, Bytes, $"bytes 0-{Bytes.Length - 1}/{Bytes.Length}")).Status);

        Assert.Equal(Bytes, Assert.Single(_server.GenerationsOf("plain", "a")).Bytes);
    }

    [Fact]
    public async Task A_chunk_of_another_size_or_behind_a_gap_is_refused()
    {
        var session = await _client.BeginAsync("plain", "a");

        Assert.Equal(400, (await _client.PutChunkAsync(session, Bytes[..100], "bytes 0-99/*")).Status);
        Assert.Equal(503, (await _client.PutChunkAsync(session, Bytes[Piece..(2 * Piece)], $"bytes {Piece}-{(2 * Piece) - 1}/*")).Status);
        Assert.Equal(400, (await _client.PutChunkAsync(session, Bytes[..100], "bytes 0-99")).Status);
        Assert.Equal((308, null), await _client.PutChunkAsync(session, [], "bytes */*"));
    }

    [Fact]
    public async Task A_session_ends_by_cancelling_and_by_time()
    {
        var cancelled = await _client.BeginAsync("plain", "a");
        var forgotten = await _client.BeginAsync("plain", "b");
        using var delete = new HttpRequestMessage(HttpMethod.Delete, cancelled);

        Assert.Equal(499, (await _client.SendAsync(delete)).Status);
        Assert.Equal(410, (await _client.PutChunkAsync(cancelled, [1], "bytes 0-0/1")).Status);
        _time.Advance(TimeSpan.FromDays(7.1));
        Assert.Equal(410, (await _client.PutChunkAsync(forgotten, [1], "bytes 0-0/1")).Status);
        Assert.Equal(404, (await _client.PutChunkAsync(new Uri(_server.Address, "upload/storage/v1/b/plain/o?upload_id=none"), [1], "bytes 0-0/1")).Status);
    }

    [Fact]
    public async Task The_condition_is_judged_again_at_the_end()
    {
        var session = await _client.BeginAsync("plain", "a", "&ifGenerationMatch=0");
        await _client.UploadAsync("plain", """{"name":"a"}""", [1]);

        Assert.Equal(412, (await _client.PutChunkAsync(session, [2], "bytes 0-0/1")).Status);
        Assert.Equal([1], Assert.Single(_server.GenerationsOf("plain", "a")).Bytes);
        using var second = new HttpRequestMessage(HttpMethod.Post, "upload/storage/v1/b/plain/o?uploadType=resumable&name=a&ifGenerationMatch=0");
        Assert.Equal(412, (await _client.SendAsync(second)).Status);
    }
}
