using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class RetryTargetConformance : TargetConformance
{
    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(new RetryTarget(new MemoryTarget()));
}
