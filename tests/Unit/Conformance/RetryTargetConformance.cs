using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class RetryTargetConformance : TargetConformance
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);

    protected override DateTimeOffset Now => _clock.GetUtcNow();

    protected override TargetCapabilities Expected { get; } = MemoryTargetConformance.Plain with { LockModes = LockModes.Governance, ObjectLock = true, LegalHold = true, Versions = true };

    protected override IReadOnlyDictionary<string, string> Exemptions => MemoryTargetConformance.NoPlace;

    protected override ValueTask<Target> CreateAsync() =>
        ValueTask.FromResult<Target>(new RetryTarget(new MemoryTarget(_clock, new MemoryTargetOptions { LockModes = LockModes.Governance, IsVersioned = true }), clock: _clock));

    protected override Task PassAsync(DateTimeOffset time)
    {
        _clock.SetUtcNow(time);
        return Task.CompletedTask;
    }
}
