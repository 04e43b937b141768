using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Tests.Unit.Crash;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class RetryTargetTests : IAsyncDisposable
{
    private static readonly ObjectName Name = new("packs/object");
    private static readonly RetryOptions Options = new(4, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    private readonly MemoryTarget _memory = new();
    private readonly FakeTimeProvider _clock = new() { AutoAdvanceAmount = TimeSpan.Zero };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    public static TheoryData<FaultFlavour> Flavours => [FaultFlavour.NotPersisted, FaultFlavour.PersistedButReportedFailed];

    [Theory]
    [MemberData(nameof(Flavours))]
    public async Task A_transient_fault_of_any_operation_is_got_over(FaultFlavour flavour)
    {
        var bytes = new byte[] { 1, 2, 3 };

        var receipt = await DriveAsync(Faulty(flavour).PutAsync(Name, new MemoryStream(bytes), PutOptions.Default, Cancel));
        var read = new byte[3];
        await DriveAsync(Faulty(flavour).ReadAsync(Name, 0, read, Cancel));
        var stat = await DriveAsync(Faulty(flavour).StatAsync(Name, Cancel));
        var listed = await DriveAsync(Faulty(flavour).ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
        await DriveAsync(Faulty(flavour).DeleteAsync(Name, Cancel));

        Assert.Equal(3, receipt.LengthBytes);
        Assert.Equal(bytes, read);
        Assert.Equal(receipt.StoreTime, stat!.StoreTime);
        Assert.Equal([stat], listed);
        Assert.Empty(_memory.Objects);
    }

    [Fact]
    public async Task A_retried_put_does_not_take_foreign_bytes_for_its_own()
    {
        // The first try is lost, and before the second one somebody else takes the name: same length, other bytes.
        var faulty = new FaultTarget(_memory, new FaultPlan(1));
        var target = new RetryTarget(faulty, Options, _clock);
        var put = target.PutAsync(Name, new MemoryStream([1, 2, 3]), PutOptions.Default, Cancel);
        _memory.Replace(Name, [1, 2, 4]);

        var error = await Assert.ThrowsAsync<TargetException>(() => DriveAsync(put));

        Assert.Equal(TargetFault.AlreadyExists, error.Fault);
        Assert.Equal([1, 2, 4], _memory.Objects[Name].ToArray());
    }

    [Fact]
    public async Task A_first_put_that_finds_its_own_bytes_is_already_exists()
    {
        _memory.Replace(Name, [1]);
        var target = new RetryTarget(_memory, Options, _clock);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal(TargetFault.AlreadyExists, error.Fault);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task A_first_put_of_a_name_of_its_own_that_finds_its_own_bytes_has_succeeded(byte there, bool isOwn)
    {
        _memory.Replace(Name, [there]);
        var put = new RetryTarget(_memory, Options, _clock).PutAsync(Name, new MemoryStream([1]), new PutOptions { IsOwnName = true }, Cancel);

        if (isOwn)
        {
            Assert.Equal(_memory.Objects[Name].Length, (await put).LengthBytes);
        }
        else
        {
            Assert.Equal(TargetFault.AlreadyExists, (await Assert.ThrowsAsync<TargetException>(() => put)).Fault);
        }
    }

    [Fact]
    public async Task Own_bytes_that_went_into_an_archive_are_recognised_by_their_name_alone()
    {
        await using var memory = new MemoryTarget(options: new MemoryTargetOptions { HasColdStorage = true });
        var target = new RetryTarget(new LosesAnswer(memory, after: () => memory.Freeze(Name)), Options, _clock);

        var receipt = await DriveAsync(target.PutAsync(Name, new MemoryStream([1, 2]), new PutOptions { IsOwnName = true }, Cancel));

        Assert.Equal(2, receipt.LengthBytes);
    }

    [Fact]
    public async Task A_refusal_after_a_lost_answer_is_not_taken_for_certain()
    {
        var target = new RetryTarget(new LosesAnswer(_memory, TargetFault.AccessDenied), Options, _clock);

        var error = await Assert.ThrowsAsync<TargetException>(() => DriveAsync(target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel)));

        Assert.Equal(TargetFault.Unavailable, error.Fault);
        Assert.Contains(Name.Value, error.Message, StringComparison.Ordinal);
        Assert.True(_memory.Objects.ContainsKey(Name));
    }

    [Fact]
    public async Task Own_bytes_larger_than_one_reading_are_recognised()
    {
        var bytes = new byte[(8 << 20) + 5];
        bytes[^1] = 1;

        var receipt = await DriveAsync(Faulty(FaultFlavour.PersistedButReportedFailed)
            .PutAsync(Name, new MemoryStream(bytes), new PutOptions(Sha256: ContentHash.Of(bytes)), Cancel));

        Assert.Equal(bytes.Length, receipt.LengthBytes);
    }

    [Theory]
    [InlineData(TargetFault.Throttled, 5)]
    [InlineData(TargetFault.Unavailable, 5)]
    [InlineData(TargetFault.QuotaExceeded, 1)]
    [InlineData(TargetFault.AccessDenied, 1)]
    [InlineData(TargetFault.Locked, 1)]
    public async Task Tries_are_bounded_and_only_transient_faults_get_more_than_one(TargetFault fault, int tries)
    {
        var faulty = new FaultTarget(_memory, new FaultPlan(1, IsDeadAfterwards: true) { Fault = fault });

        var error = await Assert.ThrowsAsync<TargetException>(() => DriveAsync(new RetryTarget(faulty, Options, _clock).StatAsync(Name, Cancel)));

        Assert.Equal(fault, error.Fault);
        Assert.Equal(tries, faulty.OperationCount);
    }

    [Fact]
    public async Task Nothing_is_tried_again_before_its_time()
    {
        var faulty = new FaultTarget(_memory, new FaultPlan(1));
        var stat = new RetryTarget(faulty, Options, _clock).StatAsync(Name, Cancel);

        Assert.False(stat.IsCompleted);
        Assert.Equal(1, faulty.OperationCount);
        await DriveAsync(stat);
        Assert.Equal(2, faulty.OperationCount);
        Assert.InRange(_clock.GetUtcNow() - _clock.Start, TimeSpan.FromMilliseconds(1), Options.MaxDelay);
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(1000, 300)]
    public async Task A_store_that_says_how_long_to_wait_is_left_alone_so_long_but_no_longer_than_the_most(int askedSeconds, int waitedSeconds)
    {
        var faulty = new FaultTarget(_memory, new FaultPlan(1) { Fault = TargetFault.Throttled, RetryAfter = TimeSpan.FromSeconds(askedSeconds) });
        var stat = new RetryTarget(faulty, Options, _clock).StatAsync(Name, Cancel);

        _clock.Advance(TimeSpan.FromSeconds(waitedSeconds) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, faulty.OperationCount);

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await stat.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal(2, faulty.OperationCount);
    }

    [Fact]
    public async Task No_pause_may_end_after_the_deadline()
    {
        var faulty = new FaultTarget(_memory, new FaultPlan(1, IsDeadAfterwards: true) { RetryAfter = TimeSpan.FromSeconds(6) });
        var target = new RetryTarget(faulty, Options with { MaxRetries = 100, Deadline = TimeSpan.FromSeconds(20) }, _clock);

        var error = await Assert.ThrowsAsync<TargetException>(() => DriveAsync(target.StatAsync(Name, Cancel)));

        Assert.Equal(TargetFault.Unavailable, error.Fault);
        Assert.Equal(4, faulty.OperationCount);
        Assert.InRange(_clock.GetUtcNow() - _clock.Start, TimeSpan.FromSeconds(18), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Each_retry_is_counted_and_told()
    {
        var told = new RecordingSink();
        var faulty = new FaultTarget(_memory, new FaultPlan(1) { RetryAfter = TimeSpan.FromSeconds(2.5) });
        var target = new RetryTarget(faulty, Options, _clock, told);

        await DriveAsync(target.StatAsync(Name, Cancel));
        await target.StatAsync(Name, Cancel);

        Assert.Equal(1, target.Meter.Sample().Retries);
        var said = Assert.Single(told.Events);
        Assert.Equal(EventSeverity.Verbose, said.Severity);
        Assert.Equal("look up packs/object again in 2.5 s: Planned fault at operation 1.", said.Message);
    }

    [Fact]
    public async Task Cancelling_ends_a_pause_at_once()
    {
        using var source = new CancellationTokenSource();
        var faulty = new FaultTarget(_memory, new FaultPlan(1, IsDeadAfterwards: true));
        var stat = new RetryTarget(faulty, Options, _clock).StatAsync(Name, source.Token);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stat.WaitAsync(TimeSpan.FromSeconds(20), Cancel));
        Assert.Equal(1, faulty.OperationCount);
    }

    [Theory]
    [InlineData(false, 14, 14)]
    [InlineData(true, 14, 1)]
    public async Task A_listing_that_keeps_breaking_off_yields_each_object_once(bool isInOrder, int listings, int fromTheStart)
    {
        var names = Enumerable.Range(0, 40).Select(index => new ObjectName($"object-{index}")).Order().ToArray();
        foreach (var name in names)
        {
            _memory.Replace(name, [1]);
        }

        var breaking = new BreakingListing(_memory, isInOrder);
        var listed = await DriveAsync(new RetryTarget(breaking, Options, _clock).ListAsync("", Cancel).ToListAsync(Cancel).AsTask());

        Assert.Equal(names, listed.Select(stat => stat.Name).Order());
        Assert.Equal(listings, breaking.ListingCount);
        Assert.Equal(fromTheStart, breaking.WholeListingCount);
    }

    private RetryTarget Faulty(FaultFlavour flavour) => new(new FaultTarget(_memory, new FaultPlan(1, flavour)), Options, _clock);

    /// <summary>Lets time pass until the call is done; real time plays no part.</summary>
    private async Task DriveAsync(Task call)
    {
        while (!call.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await call;
    }

    private async Task<T> DriveAsync<T>(Task<T> call)
    {
        await DriveAsync((Task)call);
        return await call;
    }

    /// <summary>Each listing gets three objects further than the one before and then breaks off.</summary>
    private sealed class BreakingListing(MemoryTarget inner, bool isInOrder) : DelegatingTarget(inner)
    {
        private int _left;

        public override TargetCapabilities Capabilities => base.Capabilities with { ListsInOrder = isInOrder };

        public int ListingCount { get; private set; }

        public int WholeListingCount { get; private set; }

        public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken)
        {
            WholeListingCount++;
            return BreakAsync(_ => true);
        }

        public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken) =>
            BreakAsync(name => name.CompareTo(after) > 0);

        private async IAsyncEnumerable<ObjectStat> BreakAsync(Func<ObjectName, bool> isMeant)
        {
            var count = ++ListingCount;
            _left = isInOrder ? 3 : 3 * count;
            foreach (var name in inner.Objects.Keys.Where(isMeant))
            {
                if (_left-- == 0)
                {
                    throw new TargetException(TargetFault.Unavailable, "The line broke.");
                }

                yield return (await Inner.StatAsync(name, Cancel))!;
            }
        }
    }

    /// <summary>Stores the first put and does not say so; answers further ones by a fault, or as the target does.</summary>
    private sealed class LosesAnswer(Target inner, TargetFault? then = null, Action? after = null) : DelegatingTarget(inner)
    {
        private bool _wasPut;

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            if (_wasPut)
            {
                return then is { } fault ? throw new TargetException(fault, "no") : await base.PutAsync(name, content, options, cancellationToken);
            }

            await base.PutAsync(name, content, options, cancellationToken);
            _wasPut = true;
            after?.Invoke();
            throw new TargetException(TargetFault.Unavailable, "The answer was lost.");
        }
    }
}
