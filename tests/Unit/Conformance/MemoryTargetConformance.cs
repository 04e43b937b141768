using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class MemoryTargetConformance : TargetConformance
{
    internal static TargetCapabilities Plain { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = false,
        MaxObjectBytes = 1L << 30,
        IsNear = true,
    };

    internal static IReadOnlyDictionary<string, string> NoPlace { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(A_missing_place_is_that_from_every_member_and_never_a_missing_object)] = "Memory is never missing.",
        [nameof(Neighbours_in_one_place_do_not_see_each_other)] = "Nobody else is in this memory.",
        [nameof(What_strangers_put_there_is_never_taken_for_an_object)] = "Nobody else is in this memory.",
    };

    protected override TargetCapabilities Expected => Plain;

    protected override IReadOnlyDictionary<string, string> Exemptions => NoPlace;

    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(new MemoryTarget());
}

/// <summary>With everything that a store can have.</summary>
public sealed class MemoryVersionedLockedConformance : TargetConformance
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    protected override DateTimeOffset Now => _clock.GetUtcNow();

    protected override TargetCapabilities Expected { get; } = MemoryTargetConformance.Plain with
    {
        ObjectLock = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        Versions = true,
        LegalHold = true,
        ColdStorage = true,
        ListsInOrder = true,
        IsNear = false,
        ParallelPuts = 2,
    };

    protected override IReadOnlyDictionary<string, string> Exemptions => MemoryTargetConformance.NoPlace;

    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(new MemoryTarget(_clock, new MemoryTargetOptions
    {
        IsVersioned = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        HasColdStorage = true,
        ListsInOrder = true,
        IsNear = false,
        ParallelPuts = 2,
        WarmsWithin = TimeSpan.FromHours(5),
    }));

    protected override Task PassAsync(DateTimeOffset time)
    {
        _clock.SetUtcNow(time);
        return Task.CompletedTask;
    }

    protected override Task FreezeAsync(ObjectName name)
    {
        ((MemoryTarget)Target).Freeze(name);
        return Task.CompletedTask;
    }

    protected override Task EndWarmUpAsync() => PassAsync(Now + TimeSpan.FromHours(5));
}
