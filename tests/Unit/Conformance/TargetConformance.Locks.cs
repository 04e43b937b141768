using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Locks and legal holds; where a target declares none, that it says so and keeps nothing that it was asked to lock.</summary>
public abstract partial class TargetConformance
{
    /// <summary>Longer than a check takes; what is left locked on a server goes with the server.</summary>
    protected virtual TimeSpan LockTime => TimeSpan.FromMinutes(2);

    /// <summary>Short enough to be waited for by a store's own clock.</summary>
    protected virtual TimeSpan ShortLockTime => TimeSpan.FromSeconds(4);

    protected virtual DateTimeOffset Now => DateTimeOffset.UtcNow;

    private IEnumerable<LockMode> Modes => Enum.GetValues<LockMode>().Where(mode => Target.Capabilities.LockModes.HasFlag((LockModes)mode));

    /// <summary>Returns when the store's clock has passed a time.</summary>
    protected virtual async Task PassAsync(DateTimeOffset time) => await Task.Delay(time - Now + Target.Capabilities.StoreTimeTolerance, Cancel);

    [Fact, Needs(nameof(TargetCapabilities.ObjectLock))]
    public async Task A_lock_is_there_from_the_first_moment()
    {
        if (!await KeepsLocksAsync())
        {
            return;
        }

        foreach (var mode in Modes)
        {
            var name = new ObjectName($"packs/{(int)mode}");
            var asked = Until(LockTime, mode);

            var receipt = await PutLockedAsync(name, asked);

            Assert.True(receipt.Lock?.IsAtLeast(asked) != false);
            Assert.Equal(asked, (await Target.GetLockAsync(name, Cancel)).Lock);
            await PutAsync(new ObjectName($"packs/free-{(int)mode}"), [1]);
            Assert.Equal(new LockState(null, false), await Target.GetLockAsync(new ObjectName($"packs/free-{(int)mode}"), Cancel));
        }
    }

    [Fact, Needs(nameof(TargetCapabilities.ObjectLock))]
    public async Task What_is_locked_cannot_be_deleted_and_stays_readable()
    {
        if (!await KeepsLocksAsync())
        {
            return;
        }

        foreach (var mode in Modes)
        {
            var name = new ObjectName($"packs/{(int)mode}");
            await PutLockedAsync(name, Until(LockTime, mode));
            await PutAsync(new ObjectName("free"), [1]);

            await AssertFaultAsync(TargetFault.Locked, () => Target.DeleteAsync(name, Cancel));
            var refusal = await Assert.ThrowsAsync<TargetException>(() => Target.DeleteManyAsync([name, new ObjectName("free")], Cancel));
            Assert.Equal(TargetFault.Locked, refusal.Fault);
            Assert.Equal([name], refusal.Kept);

            Assert.Equal([1, 2, 3], await ReadAllAsync(name));
            Assert.Null(await Target.StatAsync(new ObjectName("free"), Cancel));
        }
    }

    [Fact, Needs(nameof(TargetCapabilities.ObjectLock))]
    public async Task A_lock_is_lengthened_and_never_shortened_or_weakened()
    {
        if (!await KeepsLocksAsync())
        {
            return;
        }

        foreach (var mode in Modes)
        {
            var name = new ObjectName($"packs/{(int)mode}");
            var (sooner, later) = (Until(LockTime, mode), Until(LockTime + TimeSpan.FromMinutes(1), mode));
            await PutAsync(name, [1]);

            Assert.True((await Target.ExtendLockAsync(name, sooner, Cancel)).IsAtLeast(sooner));
            Assert.True((await Target.ExtendLockAsync(name, later, Cancel)).IsAtLeast(later));
            await AssertFaultAsync(TargetFault.Locked, () => Target.ExtendLockAsync(name, sooner, Cancel));
            if (mode == LockMode.Compliance && Target.Capabilities.LockModes.HasFlag(LockModes.Governance))
            {
                await AssertFaultAsync(TargetFault.Locked, () => Target.ExtendLockAsync(name, later with { Mode = LockMode.Governance }, Cancel));
            }

            Assert.Equal(later, (await Target.GetLockAsync(name, Cancel)).Lock);
        }
    }

    [Fact, Needs(nameof(TargetCapabilities.ObjectLock))]
    public async Task After_a_locks_end_the_object_can_be_deleted()
    {
        if (!await KeepsLocksAsync())
        {
            return;
        }

        var asked = Until(ShortLockTime, Modes.First());
        await PutLockedAsync(Name, asked);
        await AssertFaultAsync(TargetFault.Locked, () => Target.DeleteAsync(Name, Cancel));

        await PassAsync(asked.Until);
        await Target.DeleteAsync(Name, Cancel);

        await AssertNothingThereAsync();
    }

    [Fact]
    public async Task A_lock_that_the_target_cannot_keep_is_refused_and_leaves_nothing()
    {
        foreach (var mode in Enum.GetValues<LockMode>().Except(Modes))
        {
            await AssertFaultAsync(TargetFault.LockNotKept, () => PutLockedAsync(Name, Until(LockTime, mode)));
        }

        if (!Target.Capabilities.LegalHold)
        {
            await AssertFaultAsync(TargetFault.LockNotKept, () => Target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default with { LegalHold = true }, Cancel));
        }

        await AssertNothingThereAsync();
    }

    [Fact, Needs(nameof(TargetCapabilities.LegalHold))]
    public async Task A_legal_hold_keeps_an_object_until_it_is_lifted()
    {
        await PutAsync(Name, [1, 2, 3]);
        if (!Target.Capabilities.LegalHold)
        {
            await AssertFaultAsync(TargetFault.Unsupported, () => Target.SetLegalHoldAsync(Name, true, Cancel));
            return;
        }

        Assert.Equal(new LockState(null, true), await Target.SetLegalHoldAsync(Name, true, Cancel));
        Assert.Equal(new LockState(null, true), await Target.GetLockAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Locked, () => Target.DeleteAsync(Name, Cancel));
        Assert.Equal([1, 2, 3], await ReadAllAsync(Name));

        Assert.Equal(new LockState(null, false), await Target.SetLegalHoldAsync(Name, false, Cancel));
        await Target.DeleteAsync(Name, Cancel);
        await AssertNothingThereAsync();
    }

    [Fact, Needs(nameof(TargetCapabilities.LegalHold))]
    public async Task A_legal_hold_is_there_from_the_first_moment()
    {
        if (!Target.Capabilities.LegalHold)
        {
            return;
        }

        await Target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default with { LegalHold = true }, Cancel);

        Assert.True((await Target.GetLockAsync(Name, Cancel)).LegalHold);
        await AssertFaultAsync(TargetFault.Locked, () => Target.DeleteAsync(Name, Cancel));
        await Target.SetLegalHoldAsync(Name, false, Cancel);
        await Target.DeleteAsync(Name, Cancel);
    }

    [Fact]
    public async Task What_is_not_there_has_no_lock()
    {
        if (await KeepsLocksAsync())
        {
            await AssertFaultAsync(TargetFault.NotFound, () => Target.GetLockAsync(new ObjectName("missing"), Cancel));
            await AssertFaultAsync(TargetFault.NotFound, () => Target.ExtendLockAsync(new ObjectName("missing"), Until(LockTime, Modes.First()), Cancel));
        }
    }

    protected Task<PutReceipt> PutLockedAsync(ObjectName name, ObjectLock asked) =>
        Target.PutAsync(name, new MemoryStream([1, 2, 3]), PutOptions.Default with { Lock = asked }, Cancel);

    /// <summary>In whole seconds, as some stores keep it.</summary>
    protected ObjectLock Until(TimeSpan time, LockMode mode) => new(mode, DateTimeOffset.FromUnixTimeSeconds((Now + time).ToUnixTimeSeconds() + 1));

    private async Task<bool> KeepsLocksAsync()
    {
        if (Target.Capabilities.ObjectLock)
        {
            return true;
        }

        await AssertFaultAsync(TargetFault.Unsupported, () => Target.GetLockAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.Unsupported, () => Target.ExtendLockAsync(Name, Until(LockTime, LockMode.Governance), Cancel));
        return false;
    }
}
