using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class ReadOnlyTargetTests
{
    private static readonly ObjectName Name = new("object");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_that_changes_the_store_reaches_it_and_all_else_does()
    {
        var options = new MemoryTargetOptions { IsVersioned = true, LockModes = LockModes.Compliance, HasColdStorage = true };
        var memory = new MemoryTarget(options: options);
        memory.Replace(Name, [1, 2, 3]);
        await using var target = new ReadOnlyTarget(memory);
        var changes = new Func<Task>[]
        {
            () => target.PutAsync(new ObjectName("new"), new MemoryStream([1]), PutOptions.Default, Cancel),
            () => target.DeleteAsync(Name, Cancel),
            () => target.DeleteManyAsync([Name], Cancel),
            () => target.ExtendLockAsync(Name, new ObjectLock(LockMode.Compliance, DateTimeOffset.UtcNow.AddDays(1)), Cancel),
            () => target.SetLegalHoldAsync(Name, true, Cancel),
            () => target.WarmAsync(Name, new WarmOptions(TimeSpan.FromDays(1)), Cancel),
        };

        foreach (var change in changes)
        {
            Assert.Equal(TargetFault.ReadOnly, (await Assert.ThrowsAsync<TargetException>(change)).Fault);
        }

        Assert.Equal(0, memory.Meter.Sample().Requests);
        Assert.Equal([1, 2, 3], (await target.TryFetchAsync(Name, 3, Cancel))!.Bytes!.Value.ToArray());
        Assert.Single(await target.ListAsync("", Cancel).ToListAsync(Cancel));
        Assert.Null((await target.GetLockAsync(Name, Cancel)).Lock);
        Assert.Single(await target.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
    }
}
