using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class ThrottledTargetConformance : TargetConformance
{
    protected override TargetCapabilities Expected => MemoryTargetConformance.Plain;

    protected override IReadOnlyDictionary<string, string> Exemptions => MemoryTargetConformance.NoPlace;

    protected override ValueTask<Target> CreateAsync() =>
        ValueTask.FromResult<Target>(new ThrottledTarget(new MemoryTarget(), 1L << 30, TimeProvider.System));
}
