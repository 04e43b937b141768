using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Crash;

public sealed class FaultTargetTests
{
    private static readonly ObjectName One = new("one");
    private static readonly ObjectName Two = new("two");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_plan_it_counts_every_operation_once()
    {
        var target = new FaultTarget(new MemoryTarget(), new FaultPlan(0));

        await PutAsync(target, One);
        await PutAsync(target, Two);
        await target.StatAsync(One, Cancel);
        await target.ReadAsync(One, 0, new byte[1], Cancel);
        Assert.Equal(2, (await target.ListAsync("", Cancel).ToListAsync(Cancel)).Count);
        await target.TryFetchAsync(One, 1, Cancel);
        await target.DeleteAsync(One, Cancel);
        await target.DeleteManyAsync([One, Two], Cancel);

        Assert.Equal(9, target.OperationCount);
        Assert.False(target.HasTripped);
    }

    [Theory]
    [InlineData(FaultFlavour.NotPersisted, false)]
    [InlineData(FaultFlavour.PersistedButReportedFailed, true)]
    public async Task The_flavours_differ_in_what_the_store_holds(FaultFlavour flavour, bool isStored)
    {
        var memory = new MemoryTarget();
        var target = new FaultTarget(memory, new FaultPlan(1, flavour));
        await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, One));
        Assert.Equal(isStored, memory.Objects.ContainsKey(One));

        memory.Replace(One, [1]);
        target = new FaultTarget(memory, new FaultPlan(1, flavour));
        await Assert.ThrowsAsync<TargetException>(() => target.DeleteAsync(One, Cancel));
        Assert.Equal(isStored, !memory.Objects.ContainsKey(One));
        Assert.True(target.HasTripped);
    }

    [Fact]
    public async Task Only_the_planned_operation_fails_and_with_the_planned_fault()
    {
        var target = new FaultTarget(new MemoryTarget(), new FaultPlan(2) { Fault = TargetFault.QuotaExceeded });

        await PutAsync(target, One);
        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, Two));
        await PutAsync(target, Two);

        Assert.Equal(TargetFault.QuotaExceeded, error.Fault);
    }

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    [InlineData(FaultFlavour.Cancelled)]
    public async Task After_a_death_nothing_works(FaultFlavour flavour)
    {
        using var source = new CancellationTokenSource();
        var memory = new MemoryTarget();
        var target = new FaultTarget(memory, new FaultPlan(1, flavour, IsDeadAfterwards: true) { Cancellation = source });
        await Record.ExceptionAsync(() => target.StatAsync(One, Cancel));

        await Assert.ThrowsAsync<TargetException>(() => PutAsync(target, Two));
        await Assert.ThrowsAsync<TargetException>(() => target.StatAsync(One, Cancel));
        await Assert.ThrowsAsync<TargetException>(() => target.ReadAsync(One, 0, new byte[1], Cancel));
        await Assert.ThrowsAsync<TargetException>(() => target.DeleteAsync(One, Cancel));
        await Assert.ThrowsAsync<TargetException>(() => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());

        Assert.Empty(memory.Objects);
    }

    [Fact]
    public async Task A_listing_that_fails_after_has_yielded_everything()
    {
        var memory = new MemoryTarget();
        memory.Replace(One, [1]);
        var target = new FaultTarget(memory, new FaultPlan(1, FaultFlavour.PersistedButReportedFailed));
        await using var listing = target.ListAsync("", Cancel).GetAsyncEnumerator(Cancel);

        Assert.True(await listing.MoveNextAsync());
        await Assert.ThrowsAsync<TargetException>(async () => await listing.MoveNextAsync());
    }

    [Fact]
    public async Task Cancelling_cancels_at_the_planned_operation()
    {
        using var source = new CancellationTokenSource();
        var memory = new MemoryTarget();
        var target = new FaultTarget(memory, new FaultPlan(2, FaultFlavour.Cancelled) { Cancellation = source });

        await target.PutAsync(One, new MemoryStream([1]), PutOptions.Default, source.Token);
        Assert.False(source.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.PutAsync(Two, new MemoryStream([1]), PutOptions.Default, source.Token));

        Assert.Equal([One], memory.Objects.Keys);
    }

    [Fact]
    public async Task Under_concurrency_exactly_one_operation_fails()
    {
        var target = new FaultTarget(new MemoryTarget(), new FaultPlan(50));

        var errors = await Task.WhenAll(Enumerable.Range(0, 100).Select(index => Task.Run(
            () => Record.ExceptionAsync(() => PutAsync(target, new ObjectName($"object-{index}"))).AsTask(), Cancel)));

        Assert.Single(errors, error => error is TargetException);
        Assert.Equal(100, target.OperationCount);
    }

    private static Task<PutReceipt> PutAsync(Target target, ObjectName name) => target.PutAsync(name, new MemoryStream([1]), PutOptions.Default, Cancel);
}
