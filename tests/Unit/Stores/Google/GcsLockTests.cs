using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

public sealed class GcsLockTests : IAsyncLifetime
{
    private static readonly ObjectName Name = new("packs/ab/one");

    private readonly ShiftedTime _time = new();
    private GcsStore _store = null!;
    private Target _target = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await GcsStore.StartLockingAsync(new GcsDoubleOptions { Time = _time });
        _target = _store.Open(("objectretention", "yes"), ("versioning", "on"));
    }

    public async ValueTask DisposeAsync()
    {
        await _target.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData(LockMode.Governance)]
    [InlineData(LockMode.Compliance)]
    public async Task A_lock_is_there_from_the_first_moment_and_read_back(LockMode mode)
    {
        var wanted = new ObjectLock(mode, In(100));

        var receipt = await PutAsync(_target, [1], wanted);

        Assert.True(receipt.Lock!.IsAtLeast(wanted));
        Assert.Equal(receipt.Lock, await _target.GetLockAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Locked, () => _target.DeleteAsync(Name, Cancel));
        Assert.Equal(1, (await _target.StatAsync(Name, Cancel))!.LengthBytes);
        _time.Offset += TimeSpan.FromSeconds(102);
        await _target.DeleteAsync(Name, Cancel);
        Assert.Empty(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Fact]
    public async Task Only_the_first_put_and_every_fiftieth_are_read_back()
    {
        for (var index = 0; index < 51; index++)
        {
            var options = new PutOptions { Lock = new ObjectLock(LockMode.Governance, In(100)) };
            var receipt = await _target.PutAsync(new ObjectName($"packs/{index}"), new MemoryStream([1]), options, Cancel);
            Assert.Equal(index is 0 or 50, receipt.Lock is not null);
        }
    }

    [Theory]
    [InlineData(LockMode.Governance, LockMode.Governance, 200, true)]
    [InlineData(LockMode.Governance, LockMode.Compliance, 200, true)]
    [InlineData(LockMode.Governance, LockMode.Compliance, 100, true)]
    [InlineData(LockMode.Compliance, LockMode.Compliance, 200, true)]
    [InlineData(LockMode.Compliance, LockMode.Compliance, 100, true)]
    [InlineData(LockMode.Governance, LockMode.Governance, 50, false)]
    [InlineData(LockMode.Governance, LockMode.Compliance, 50, false)]
    [InlineData(LockMode.Compliance, LockMode.Compliance, 50, false)]
    [InlineData(LockMode.Compliance, LockMode.Governance, 200, false)]
    public async Task A_lock_is_lengthened_and_strengthened_and_nothing_else(LockMode mode, LockMode wanted, int seconds, bool isTaken)
    {
        var start = _time.GetUtcNow().AddTicks(1);
        var first = new ObjectLock(mode, start.AddSeconds(100));
        await PutAsync(_target, [1], first);
        var second = new ObjectLock(wanted, start.AddSeconds(seconds));

        if (isTaken)
        {
            var state = await _target.ExtendLockAsync(Name, second, Cancel);
            Assert.Equal((second.Mode, NextSecond(second.Until)), (state.Lock!.Mode, state.Lock.Until));
        }
        else
        {
            await AssertFaultAsync(TargetFault.Locked, () => _target.ExtendLockAsync(Name, second, Cancel));
            Assert.Equal(mode, (await _target.GetLockAsync(Name, Cancel)).Lock!.Mode);
            Assert.Equal(NextSecond(first.Until), (await _target.GetLockAsync(Name, Cancel)).Lock!.Until);
        }
    }

    [Fact]
    public async Task An_object_without_a_lock_is_locked_later_and_an_ended_lock_is_none()
    {
        await PutAsync(_target, [1], null);
        Assert.Equal(new LockState(null, false), await _target.GetLockAsync(Name, Cancel));

        await _target.ExtendLockAsync(Name, new ObjectLock(LockMode.Compliance, In(100)), Cancel);
        _time.Offset += TimeSpan.FromSeconds(200);

        var state = await _target.ExtendLockAsync(Name, new ObjectLock(LockMode.Compliance, In(10)), Cancel);
        Assert.True(state.Lock!.Until > _time.GetUtcNow());
    }

    [Fact]
    public async Task A_hold_keeps_the_object_until_it_is_taken_off()
    {
        var receipt = await _target.PutAsync(Name, new MemoryStream([1]), new PutOptions { LegalHold = true }, Cancel);

        Assert.True(receipt.Lock!.LegalHold);
        await AssertFaultAsync(TargetFault.Locked, () => _target.DeleteAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Locked, () => _target.PutAsync(Name, new MemoryStream([2]), new PutOptions(IfAbsent: false), Cancel));
        Assert.False((await _target.SetLegalHoldAsync(Name, false, Cancel)).LegalHold);
        Assert.True((await _target.SetLegalHoldAsync(Name, true, Cancel)).LegalHold);
        Assert.True((await _target.SetLegalHoldAsync(Name, true, Cancel)).LegalHold);
        await _target.SetLegalHoldAsync(Name, false, Cancel);
        await _target.DeleteAsync(Name, Cancel);
    }

    [Fact]
    public async Task A_bucket_that_cannot_lock_is_not_asked_to()
    {
        await using var store = await GcsStore.StartAsync();
        await using var target = store.Open();

        await AssertFaultAsync(TargetFault.LockNotKept, () => PutAsync(target, [1], new ObjectLock(LockMode.Governance, In(100))));

        Assert.Equal(LockModes.None, target.Capabilities.LockModes);
        Assert.DoesNotContain(store.Server.Requests, request => request.HttpMethod is "POST");
        await PutAsync(target, [1], null);
        await AssertFaultAsync(TargetFault.Unsupported, () => target.ExtendLockAsync(Name, new ObjectLock(LockMode.Governance, In(100)), Cancel));
    }

    [Fact]
    public async Task A_bucket_that_refuses_what_the_settings_promise_says_so()
    {
        await using var store = await GcsStore.StartAsync();
        await using var target = store.Open(("objectretention", "yes"));

        await AssertFaultAsync(TargetFault.LockNotKept, () => PutAsync(target, [1], new ObjectLock(LockMode.Governance, In(100))));

        Assert.Empty(store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Fact]
    public async Task A_store_that_takes_locks_and_keeps_none_is_found_out()
    {
        await using var store = await GcsStore.StartLockingAsync(new GcsDoubleOptions { IgnoresLocks = true });
        await using var target = store.Open(("objectretention", "yes"));

        await AssertFaultAsync(TargetFault.LockNotKept, () => PutAsync(target, [1], new ObjectLock(LockMode.Governance, In(100))));
        Assert.Empty(store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
        await AssertFaultAsync(TargetFault.LockNotKept, () => target.PutAsync(Name, new MemoryStream([1]), new PutOptions { LegalHold = true }, Cancel));

        await PutAsync(target, [1], null);
        await AssertFaultAsync(TargetFault.LockNotKept, () => target.ExtendLockAsync(Name, new ObjectLock(LockMode.Governance, In(100)), Cancel));
        await AssertFaultAsync(TargetFault.LockNotKept, () => target.SetLegalHoldAsync(Name, true, Cancel));
    }

    [Fact]
    public async Task A_store_whose_answer_promises_more_than_it_keeps_is_found_out_by_the_read_back()
    {
        await using var store = await GcsStore.StartLockingAsync();
        await using var target = store.Open(("objectretention", "yes"), ("uniformaccess", "yes"));
        store.Server.Before = async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments("/upload", StringComparison.Ordinal))
            {
                // What is sent holds no lock; what is answered does.
                using var sent = new MemoryStream();
                await context.Request.Body.CopyToAsync(sent);
                var text = System.Text.Encoding.Latin1.GetString(sent.ToArray());
                var retention = text[text.IndexOf(",\"retention\":", StringComparison.Ordinal)..(text.IndexOf("}}", StringComparison.Ordinal) + 1)];
                context.Request.Body = new MemoryStream(System.Text.Encoding.Latin1.GetBytes(text.Replace(retention, "", StringComparison.Ordinal)));
                var body = context.Response.Body;
                using var answer = new MemoryStream();
                context.Response.Body = answer;
                await next();
                context.Response.ContentLength = null;
                await body.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{System.Text.Encoding.UTF8.GetString(answer.ToArray()[..^1])}{retention}}}"), Cancel);
                return;
            }

            await next();
        };

        var error = await AssertFaultAsync(TargetFault.LockNotKept, () => PutAsync(target, [1], new ObjectLock(LockMode.Compliance, In(100))));

        Assert.Contains("no lock", error.Message, StringComparison.Ordinal);
        Assert.Empty(store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one"));
    }

    [Fact]
    public async Task Generations_are_listed_newest_first_read_and_deleted_together()
    {
        await PutAsync(_target, [1], null);
        await _target.PutAsync(Name, new MemoryStream([2, 2]), new PutOptions(IfAbsent: false), Cancel);
        await _target.PutAsync(new ObjectName("packs/ab/one-more"), new MemoryStream([3]), PutOptions.Default, Cancel);

        var versions = await _target.ListVersionsAsync("packs/", Cancel).ToListAsync(Cancel);

        Assert.Equal([("packs/ab/one", 2L, true), ("packs/ab/one", 1L, false), ("packs/ab/one-more", 1L, true)], versions.Select(version => (version.Stat.Name.Value, version.Stat.LengthBytes, version.IsNewest)));
        var old = new byte[1];
        await _target.ReadVersionAsync(Name, versions[1].Version, 0, old, Cancel);
        Assert.Equal([1], old);
        await _target.DeleteAsync(Name, Cancel);
        Assert.Equal(["packs/ab/one-more"], await _target.ListVersionsAsync("", Cancel).Select(version => version.Stat.Name.Value).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Of_many_generations_those_that_no_lock_keeps_go()
    {
        await PutAsync(_target, [1], new ObjectLock(LockMode.Compliance, In(100)));
        await _target.PutAsync(Name, new MemoryStream([2]), new PutOptions(IfAbsent: false), Cancel);

        await AssertFaultAsync(TargetFault.Locked, () => _target.DeleteAsync(Name, Cancel));

        Assert.Equal([1], Assert.Single(_store.Server.GenerationsOf(GcsStore.Bucket, "vault/packs/ab/one")).Bytes);
    }

    private DateTimeOffset In(int seconds) => _time.GetUtcNow().AddSeconds(seconds);

    private static DateTimeOffset NextSecond(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)).AddSeconds(1);

    private static Task<PutReceipt> PutAsync(Target target, byte[] bytes, ObjectLock? wanted) =>
        target.PutAsync(Name, new MemoryStream(bytes), new PutOptions { Lock = wanted }, Cancel);

    private static async Task<TargetException> AssertFaultAsync(TargetFault fault, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<TargetException>(call);
        Assert.Equal(fault, error.Fault);
        return error;
    }
}
