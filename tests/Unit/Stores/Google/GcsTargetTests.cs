using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Servers.Doubles.Google;
using SecureBackup.Tests.Unit.Conformance;

namespace SecureBackup.Tests.Unit.Stores.Google;

public sealed class GcsTargetTests : IAsyncLifetime
{
    private static readonly ObjectName Name = new("packs/ab/one");

    private GcsStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await GcsStore.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Opening_asks_nothing()
    {
        await using var target = _store.Open();

        Assert.Empty(_store.Server.Requests);
        Assert.Empty(_store.Iam.Issued);
        Assert.Equal($"gs://backups/vault@{_store.Server.Address.Authority}", target.DisplayName);
    }

    [Fact]
    public async Task Each_call_is_as_few_requests_as_can_be()
    {
        await using var target = _store.Open(("uniformaccess", "yes"), ("versioning", "off"));

        await PutAsync(target, [1, 2, 3]);
        await target.StatAsync(Name, Cancel);
        await target.ReadAsync(Name, 0, new byte[3], Cancel);
        await target.TryFetchAsync(Name, 10, Cancel);
        await target.ListAsync("packs/", Cancel).ToListAsync(Cancel);
        await target.DeleteAsync(Name, Cancel);

        var traffic = target.Meter.Sample();
        Assert.Equal((1, 1, 2, 1, 1, 0), (traffic.Puts, traffic.Stats, traffic.Gets, traffic.Lists, traffic.Deletes, traffic.Others));
        Assert.Equal(6, _store.Server.Requests.Count);
        Assert.Equal(["jwt"], _store.Iam.Issued);
    }

    [Fact]
    public async Task What_is_not_known_of_the_bucket_is_asked_once()
    {
        await using var target = _store.Open();
        Assert.True(target.Capabilities.Versions);
        Assert.False(target.Capabilities.ObjectLock);

        await PutAsync(target, [1]);
        await target.DeleteAsync(Name, Cancel);
        await PutAsync(target, [1]);

        Assert.False(target.Capabilities.Versions);
        Assert.Equal(1, _store.Server.Requests.Count(request => request.Method is "storage.buckets.get"));
    }

    [Theory]
    [InlineData(GcsStore.PartBytes - 1, 0)]
    [InlineData(GcsStore.PartBytes, 0)]
    [InlineData(GcsStore.PartBytes + 1, 2)]
    [InlineData(2 * GcsStore.PartBytes, 2)]
    [InlineData((3 * GcsStore.PartBytes) + 5, 4)]
    public async Task A_long_object_goes_in_chunks(int length, int chunks)
    {
        await using var target = _store.OpenSmall();
        var bytes = RandomNumberGenerator.GetBytes(length);

        var receipt = await target.PutAsync(Name, new MemoryStream(bytes), new PutOptions(Sha256: ContentHash.Of(bytes)), Cancel);

        Assert.Equal(chunks, _store.Server.Requests.Count(request => request.Method is "session"));
        var stored = Assert.Single(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
        Assert.Equal(bytes, stored.Bytes);
        Assert.Equal(receipt.Tag, (await target.StatAsync(Name, Cancel))!.Tag);
    }

    [Theory]
    [InlineData(GcsStore.PartBytes)]
    [InlineData(3 * GcsStore.PartBytes)]
    public async Task A_long_object_that_fails_on_the_way_leaves_no_session(int atByte)
    {
        await using var target = _store.OpenSmall();
        using var content = new ProbeStream(new byte[4 * GcsStore.PartBytes])
        {
            AtByte = atByte,
            Action = () =>
            {
                if (_store.Server.UnfinishedUploads > 0)
                {
                    throw new IOException("the source broke");
                }
            },
        };

        await Assert.ThrowsAsync<IOException>(() => target.PutAsync(Name, content, PutOptions.Default, Cancel));

        Assert.Equal(0, _store.Server.UnfinishedUploads);
        Assert.Empty(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
        Assert.Contains(_store.Server.Requests, request => request is { Method: "session", HttpMethod: "DELETE", Status: 499 });
    }

    [Fact]
    public async Task A_store_that_keeps_less_of_a_chunk_gets_the_rest_again()
    {
        await using var target = _store.OpenSmall(chunkBytes: 2 * GcsStore.PartBytes);
        var bytes = RandomNumberGenerator.GetBytes(6 * GcsStore.PartBytes);
        var chunks = 0;
        _store.Server.Before = async (context, next) =>
        {
            if (context.Request.Method is "PUT" && ++chunks == 2)
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                context.Request.Body = new MemoryStream(body.ToArray()[..GcsStore.PartBytes]);
                context.Request.Headers.ContentRange = $"bytes {2 * GcsStore.PartBytes}-{(3 * GcsStore.PartBytes) - 1}/{bytes.Length}";
            }

            await next();
        };

        await target.PutAsync(Name, new MemoryStream(bytes), PutOptions.Default, Cancel);

        Assert.Equal(4, chunks);
        Assert.Equal(bytes, Assert.Single(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one")).Bytes);
    }

    [Theory]
    [InlineData(404, "notFound")]
    [InlineData(410, "uploadSessionGone")]
    public async Task A_session_that_is_gone_is_begun_anew(int status, string reason)
    {
        await using var target = new RetryTarget(_store.OpenSmall(), RetryOptions.Default);
        var chunks = 0;
        _store.Server.Before = (context, next) =>
        {
            if (context.Request.Method is not "PUT" || ++chunks != 2)
            {
                return next();
            }

            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync($$"""{ "error": { "code": {{status}}, "message": "gone", "errors": [{ "reason": "{{reason}}" }] } }""", Cancel);
        };
        var bytes = RandomNumberGenerator.GetBytes(2 * GcsStore.PartBytes);

        await target.PutAsync(Name, new MemoryStream(bytes), PutOptions.Default, Cancel);

        Assert.Equal(4, chunks);
        Assert.Equal(bytes, Assert.Single(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one")).Bytes);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("off", 1)]
    public async Task A_delete_takes_what_was_kept_while_versions_were_on(string versioning, int left)
    {
        await using var before = _store.Open();
        await SetVersionsAsync("true");
        await PutAsync(before, [1]);
        await before.PutAsync(Name, new MemoryStream([2]), PutOptions.Default with { IfAbsent = false }, Cancel);
        await SetVersionsAsync("false");
        await using var target = versioning is "off" ? _store.Open(("versioning", "off")) : _store.Open();

        await target.DeleteAsync(Name, Cancel);

        Assert.Equal(left, _store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one").Count);
    }

    [Fact]
    public async Task A_session_somewhere_else_is_not_gone_to()
    {
        await using var target = _store.OpenSmall();
        _store.Server.Before = async (context, next) =>
        {
            if (context.Request.QueryString.Value!.Contains("uploadType=resumable", StringComparison.Ordinal))
            {
                context.Response.Headers.Location = "http://127.0.0.1:9/upload?upload_id=1";
                return;
            }

            await next();
        };

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream(new byte[GcsStore.PartBytes + 1]), PutOptions.Default, Cancel));
        Assert.Equal(TargetFault.Unavailable, error.Fault);
    }

    [Fact]
    public async Task Bytes_that_were_changed_on_the_way_are_refused_by_the_store()
    {
        await using var target = _store.Open();
        _store.Server.Before = async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments("/upload", StringComparison.Ordinal))
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                var bytes = body.ToArray();
                bytes[bytes.AsSpan().IndexOf("original"u8)] ^= 1;
                context.Request.Body = new MemoryStream(bytes);
            }

            await next();
        };

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, "original"u8.ToArray()));

        Assert.Equal(TargetFault.Garbled, error.Fault);
        Assert.True(error.IsTransient);
        Assert.Empty(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Fact]
    public async Task An_answer_that_speaks_of_other_bytes_is_not_believed_and_the_object_dropped()
    {
        await using var target = _store.Open(("uniformaccess", "yes"));
        _store.Server.Before = (context, next) => ChangedAsync(context, next, "/upload", "\"size\":\"1\"", "\"size\":\"2\"");

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, [1]));

        Assert.Equal(TargetFault.Garbled, error.Fault);
        Assert.Empty(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Fact]
    public async Task A_fetched_object_that_was_changed_on_the_way_is_not_handed_out()
    {
        await using var target = _store.Open();
        await PutAsync(target, "original"u8.ToArray());
        _store.Server.Before = (context, next) => ChangedAsync(context, next, "/storage", "original", "altered!");

        var error = await Assert.ThrowsAsync<TargetException>(() => target.TryFetchAsync(Name, 100, Cancel));

        Assert.Equal(TargetFault.Garbled, error.Fault);
    }

    [Fact]
    public async Task Pages_are_followed_also_where_they_are_short()
    {
        await using var store = await GcsStore.StartAsync(options: new GcsDoubleOptions { MaxListed = 2 });
        await using var target = store.Open(("uniformaccess", "yes"));
        var names = Enumerable.Range(0, 7).Select(index => new ObjectName($"index/{index}")).ToList();
        foreach (var name in names)
        {
            await target.PutAsync(name, new MemoryStream([1]), PutOptions.Default, Cancel);
        }

        Assert.Equal(names, await target.ListAsync("index/", Cancel).Select(stat => stat.Name).ToListAsync(Cancel));
        Assert.Equal(names[3..], await target.ListAfterAsync("index/", names[2], Cancel).Select(stat => stat.Name).ToListAsync(Cancel));
        Assert.Equal(4, store.Server.Requests.Count(request => request.Method is "storage.objects.list") - 3);
    }

    [Fact]
    public async Task Two_targets_in_one_bucket_do_not_see_each_other_nor_strangers()
    {
        await using var one = _store.OpenSmall("a/");
        await using var other = _store.OpenSmall("a/b/");
        await using var all = _store.OpenSmall("");
        await PutAsync(one, [1]);
        await all.PutAsync(new ObjectName("a/b/seen"), new MemoryStream([2]), PutOptions.Default, Cancel);

        Assert.Equal([new ObjectName("seen")], await other.ListAsync("", Cancel).Select(stat => stat.Name).ToListAsync(Cancel));
        Assert.Null(await other.StatAsync(Name, Cancel));
    }

    [Fact]
    public async Task The_class_of_the_target_is_that_of_packs_alone()
    {
        await using var target = _store.Open(("storageclass", "coldline"));
        await PutAsync(target, [1]);
        await target.PutAsync(new ObjectName("index/one"), new MemoryStream([1]), PutOptions.Default, Cancel);

        Assert.Equal(["STANDARD", "COLDLINE"], await target.ListAsync("", Cancel).Select(stat => stat.StorageClass!).ToListAsync(Cancel));
        Assert.Equal(TimeSpan.FromDays(90), target.Capabilities.MinStorageTime);
        Assert.Equal(ObjectAccess.Ready, (await target.StatAsync(Name, Cancel))!.Access);
    }

    private async Task SetVersionsAsync(string isOn)
    {
        using var client = new GcsDoubleClient(_store.Server);
        await client.SendAsync(HttpMethod.Patch, "storage/v1/b/backups", $$"""{ "versioning": { "enabled": {{isOn}} } }""", _store.Iam.Grant("admin", "https://www.googleapis.com/auth/cloud-platform"));
    }

    private static async Task ChangedAsync(HttpContext context, Func<Task> next, string path, string from, string to)
    {
        if (!context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal))
        {
            await next();
            return;
        }

        var body = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await next();
        await body.WriteAsync(System.Text.Encoding.Latin1.GetBytes(System.Text.Encoding.Latin1.GetString(answer.ToArray()).Replace(from, to, StringComparison.Ordinal)), Cancel);
    }

    private static Task<PutReceipt> PutAsync(Target target, byte[] bytes) => target.PutAsync(Name, new MemoryStream(bytes), PutOptions.Default, Cancel);
}
