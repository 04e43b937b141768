using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class MemoryTargetConformance : TargetConformance
{
    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(new MemoryTarget());
}
