using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>What goes wrong says what is wrong, with the right code and without a secret.</summary>
public sealed class GcsRefusalTests : IAsyncLifetime
{
    private static readonly ObjectName Name = new("packs/ab/one");

    private GcsStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await GcsStore.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_missing_bucket_is_a_missing_place_to_every_member()
    {
        await using var store = await GcsStore.StartAsync(bucket: null);
        foreach (var call in (Func<Target, Task>[])
        [
            target => PutAsync(target),
            target => target.StatAsync(Name, Cancel),
            target => target.ReadAsync(Name, 0, new byte[1], Cancel),
            target => target.ReadAsync(Name, 0, Memory<byte>.Empty, Cancel),
            target => target.TryFetchAsync(Name, 1, Cancel),
            target => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask(),
            target => target.ListVersionsAsync("", Cancel).ToListAsync(Cancel).AsTask(),
            target => target.DeleteAsync(Name, Cancel),
            target => target.GetLockAsync(Name, Cancel),
            target => target.SetLegalHoldAsync(Name, true, Cancel),
        ])
        {
            foreach (var options in (IEnumerable<(string, string)[]>)[[], [("uniformaccess", "yes"), ("versioning", "on"), ("objectretention", "yes")]])
            {
                await using var target = store.Open(options);
                var error = await AssertFaultAsync(TargetFault.PlaceMissing, () => call(target));
                Assert.StartsWith($"There is no bucket 'backups' at {store.Server.Address.Authority}", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task An_answer_that_does_not_say_what_it_is_is_neither_an_empty_listing_nor_an_object()
    {
        await using var target = _store.Open(("uniformaccess", "yes"), ("versioning", "off"));
        await PutAsync(target);
        using var credential = _store.Credential();
        await using var setup = RemoteTargets.OpenSetup(_store.Settings(), credential, GcsStore.Context);
        _store.Server.Before = static (context, next) => context.Request.Method is "GET" ? context.Response.WriteAsync("{}", Cancel) : next();

        await AssertFaultAsync(TargetFault.Unavailable, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
        await AssertFaultAsync(TargetFault.Unavailable, () => target.StatAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Unavailable, () => setup.InspectAsync(Cancel));
    }

    [Theory]
    [InlineData("storage.objects.create")]
    [InlineData("storage.objects.get")]
    [InlineData("storage.objects.list")]
    [InlineData("storage.objects.delete")]
    [InlineData("storage.objects.update")]
    public async Task A_missing_right_is_named(string missing)
    {
        await using var target = _store.Open(("uniformaccess", "yes"), ("versioning", "off"), ("objectretention", "yes"));
        await PutAsync(target);
        _store.Server.Give(GcsStore.Account, ((string[])["storage.objects.create", "storage.objects.get", "storage.objects.list", "storage.objects.delete", "storage.objects.update"]).Where(each => !string.Equals(each, missing, StringComparison.Ordinal)));

        var error = await AssertFaultAsync(TargetFault.AccessDenied, () => missing switch
        {
            "storage.objects.create" => target.PutAsync(new ObjectName("new"), new MemoryStream([1]), PutOptions.Default, Cancel),
            "storage.objects.get" => target.ReadAsync(Name, 0, new byte[1], Cancel),
            "storage.objects.list" => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask(),
            "storage.objects.delete" => target.DeleteAsync(Name, Cancel),
            _ => target.SetLegalHoldAsync(Name, true, Cancel),
        });

        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
        Assert.Contains(missing, error.Remedy, StringComparison.Ordinal);
        Assert.Contains("of target offsite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_read_the_bucket_is_told_both_ways_out()
    {
        _store.Server.Give(GcsStore.Account, "storage.objects.create");
        await using var unknown = _store.Open();
        await using var known = _store.Open(("uniformaccess", "yes"));

        var error = await AssertFaultAsync(TargetFault.AccessDenied, () => PutAsync(unknown));

        Assert.Contains("storage.buckets.get, or the setting uniformaccess=yes", error.Message, StringComparison.Ordinal);
        await PutAsync(known);
    }

    [Fact]
    public async Task Where_the_versioning_may_not_be_asked_old_generations_are_looked_for()
    {
        await using var store = await GcsStore.StartLockingAsync();
        await using var target = store.Open(("uniformaccess", "yes"));
        store.Server.Give(GcsStore.Account, "storage.objects.create", "storage.objects.get", "storage.objects.list", "storage.objects.delete");
        await PutAsync(target);

        await target.DeleteAsync(Name, Cancel);

        Assert.Empty(store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Fact]
    public async Task A_bucket_without_uniform_access_is_refused_before_the_first_put()
    {
        await using var store = await GcsStore.StartAsync("""{"iamConfiguration":{"uniformBucketLevelAccess":{"enabled":false}}}""");
        await using var target = store.Open();

        var error = await Assert.ThrowsAsync<RequestException>(() => PutAsync(target));

        Assert.Equal(FaultCodes.TargetOptionInvalid, error.Code);
        Assert.Empty(store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Theory]
    [InlineData("allUsers", true)]
    [InlineData("allAuthenticatedUsers", true)]
    [InlineData("user:one@example.com", false)]
    public async Task A_bucket_that_everybody_may_read_is_refused_before_the_first_put(string member, bool isOpen)
    {
        await using var store = await GcsStore.StartAsync("""{"iamConfiguration":{"publicAccessPrevention":"inherited"}}""");
        await using var target = store.Open();
        await store.OpenToAsync(member);

        if (!isOpen)
        {
            await PutAsync(target);
            return;
        }

        await AssertFaultAsync(TargetFault.Exposed, () => PutAsync(target));
        await AssertFaultAsync(TargetFault.Exposed, () => PutAsync(target));
        Assert.Empty(store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Theory]
    [InlineData(429, "rateLimitExceeded", TargetFault.Throttled)]
    [InlineData(403, "userRateLimitExceeded", TargetFault.Throttled)]
    [InlineData(403, "quotaExceeded", TargetFault.QuotaExceeded)]
    [InlineData(403, "retentionPolicyNotMet", TargetFault.Locked)]
    [InlineData(403, "objectUnderActiveHold", TargetFault.Locked)]
    [InlineData(403, "forbidden", TargetFault.AccessDenied)]
    [InlineData(401, "authError", TargetFault.KeyRejected)]
    [InlineData(500, "internalError", TargetFault.Unavailable)]
    [InlineData(503, "backendError", TargetFault.Unavailable)]
    [InlineData(408, "requestTimeout", TargetFault.Unavailable)]
    [InlineData(410, "gone", TargetFault.Unavailable)]
    [InlineData(400, "invalid", TargetFault.Unsupported)]
    [InlineData(307, "moved", TargetFault.Unavailable)]
    [InlineData(501, "notImplemented", TargetFault.Unsupported)]
    public async Task What_the_store_says_is_understood(int status, string reason, TargetFault expected)
    {
        await using var target = _store.Open(("uniformaccess", "yes"));
        _store.Server.Before = async (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "7";
            await context.Response.WriteAsync($$$"""{"error":{"code":{{{status}}},"message":"ya29.secret in a message","errors":[{"reason":"{{{reason}}}"}]}}""", Cancel);
        };

        var error = await AssertFaultAsync(expected, () => PutAsync(target));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(7), error.RetryAfter);
        AssertNoSecret(error);
    }

    /// <summary>Nothing of it is a word of the object: not one is damaged, and the run ends.</summary>
    [Theory]
    [InlineData("cloudKmsDisabledKey", TargetFault.KeyRejected, "the key service does not give the key")]
    [InlineData("CloudKmsDecryptionKeyNotFound", TargetFault.KeyRejected, "the key service does not give the key")]
    [InlineData("invalid", TargetFault.Unavailable, "'packs/ab/one'")]
    [InlineData("somethingNew", TargetFault.Unavailable, "'packs/ab/one'")]
    public async Task A_bad_request_for_an_object_says_nothing_of_it(string reason, TargetFault expected, string words)
    {
        await using var target = _store.Open();
        _store.Server.Before = (context, _) =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync($$$"""{"error":{"code":400,"message":"no","errors":[{"reason":"{{{reason}}}"}]}}""", Cancel);
        };

        foreach (var call in (Func<Task>[])[() => target.ReadAsync(Name, 0, new byte[1], Cancel), () => target.TryFetchAsync(Name, 1, Cancel), () => target.StatAsync(Name, Cancel)])
        {
            var error = await AssertFaultAsync(expected, call);
            Assert.True(error.IsOfWholePlace);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>a portal</html>")]
    [InlineData("null")]
    [InlineData("""{"items":"none"}""")]
    [InlineData("""{"items":[{"name":"vault/a","size":"many"}]}""")]
    public async Task An_answer_that_is_none_is_no_listing(string answer)
    {
        await using var target = _store.Open();
        _store.Server.Before = (context, _) => context.Response.WriteAsync(answer, Cancel);

        await AssertFaultAsync(TargetFault.Unavailable, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
    }

    [Fact]
    public async Task A_page_that_leads_to_itself_ends_the_listing()
    {
        await using var target = _store.Open();
        _store.Server.Before = (context, _) => context.Response.WriteAsync("""{"nextPageToken":"again"}""", Cancel);

        await AssertFaultAsync(TargetFault.Unavailable, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
    }

    [Fact]
    public async Task A_listing_whose_names_go_back_is_none()
    {
        await using var target = _store.Open();
        var pages = 0;
        _store.Server.Before = (context, _) => context.Response.WriteAsync(
            pages++ == 0 ? """{"kind":"storage#objects","nextPageToken":"more","items":[{"name":"vault/b","size":"1","generation":"1","timeCreated":"2026-01-01T00:00:00Z"}]}""" : """{"kind":"storage#objects","items":[{"name":"vault/a","size":"1","generation":"1","timeCreated":"2026-01-01T00:00:00Z"}]}""",
            Cancel);

        await AssertFaultAsync(TargetFault.Unavailable, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
        Assert.Equal(2, pages);
    }

    [Fact]
    public async Task A_page_of_whoever_stands_between_says_nothing_about_an_object_or_its_place()
    {
        await using var target = _store.Open(("uniformaccess", "yes"), ("versioning", "off"));
        await PutAsync(target);
        _store.Server.Before = (context, _) =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync("<html>no such site</html>", Cancel);
        };

        foreach (var call in (Func<Task>[])[() => target.StatAsync(Name, Cancel), () => target.TryFetchAsync(Name, 1, Cancel), () => target.DeleteAsync(Name, Cancel), () => PutAsync(target)])
        {
            await AssertFaultAsync(TargetFault.Unavailable, call);
        }
    }

    [Theory]
    [InlineData("bytes 0-1/2", TargetFault.OutOfRange)]
    [InlineData("bytes 0-1/9", TargetFault.Unavailable)]
    public async Task A_shorter_range_is_the_end_only_where_there_is_no_more(string range, TargetFault expected)
    {
        await using var target = _store.Open();
        _store.Server.Before = (context, _) =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = range;
            return context.Response.WriteAsync("xx", Cancel);
        };

        await AssertFaultAsync(expected, () => target.ReadAsync(Name, 0, new byte[4], Cancel));
    }

    [Fact]
    public async Task A_range_that_is_answered_with_another_is_not_taken()
    {
        await using var target = _store.Open();
        await target.PutAsync(Name, new MemoryStream([1, 2, 3, 4]), PutOptions.Default, Cancel);
        _store.Server.Before = (context, next) =>
        {
            context.Request.Headers.Remove("Range");
            return next();
        };

        await AssertFaultAsync(TargetFault.Unavailable, () => target.ReadAsync(Name, 1, new byte[2], Cancel));
    }

    [Fact]
    public async Task A_store_that_falls_silent_is_given_up()
    {
        using var credential = _store.Credential();
        await using var target = RemoteTargets.Open(_store.Settings(), credential, GcsStore.Context with { StallTimeout = TimeSpan.FromMilliseconds(200) });
        await target.StatAsync(Name, Cancel);
        var ends = new TaskCompletionSource();
        _store.Server.Before = (_, _) => ends.Task;

        var error = await AssertFaultAsync(TargetFault.Unavailable, () => target.StatAsync(Name, Cancel));

        ends.SetResult();
        Assert.Contains("nothing moved", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_unavailable()
    {
        var target = _store.Open();
        await _store.Iam.DisposeAsync();

        var error = await AssertFaultAsync(TargetFault.Unavailable, () => target.StatAsync(Name, Cancel));

        AssertNoSecret(error);
        await target.DisposeAsync();
    }

    [Theory]
    [InlineData("colour", "red")]
    [InlineData("storageclass", "GLACIER")]
    [InlineData("versioning", "maybe")]
    [InlineData("parallel", "17")]
    [InlineData("pathstyle", "yes")]
    public void A_setting_that_there_is_not_is_refused(string key, string value)
    {
        var error = Assert.Throws<RequestException>(() => _store.Open((key, value)));
        Assert.Equal(FaultCodes.TargetOptionInvalid, error.Code);
    }

    [Fact]
    public void A_far_endpoint_without_tls_is_refused()
    {
        using var credential = _store.Credential();
        var settings = new TargetSettings
        {
            Address = TargetUri.Parse("gs://backups"),
            Options = new Dictionary<string, string>(StringComparer.Ordinal) { ["endpoint"] = "http://storage.example.com" },
        };

        Assert.Equal(FaultCodes.PlainHttpRefused, Assert.Throws<RequestException>(() => RemoteTargets.Open(settings, credential, GcsStore.Context)).Code);
    }

    private static void AssertNoSecret(Exception error)
    {
        var text = error.ToString();
        Assert.DoesNotContain("ya29", text, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", text, StringComparison.Ordinal);
        Assert.DoesNotContain("assertion", text, StringComparison.Ordinal);
    }

    private static Task<PutReceipt> PutAsync(Target target) => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

    private static async Task<TargetException> AssertFaultAsync(TargetFault fault, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<TargetException>(call);
        Assert.Equal(fault, error.Fault);
        return error;
    }
}
