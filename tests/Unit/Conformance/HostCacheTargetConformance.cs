using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class HostCacheTargetConformance : TargetConformance
{
    private readonly TempFolder _folder = new();

    protected override TargetCapabilities Expected { get; } = MemoryTargetConformance.Plain with { IsNear = false };

    protected override IReadOnlyDictionary<string, string> Exemptions => MemoryTargetConformance.NoPlace;

    protected override ValueTask<Target> CreateAsync() => ValueTask.FromResult<Target>(
        new HostCacheTarget(new MemoryTarget(options: new MemoryTargetOptions { IsNear = false }), new HostObjectCache(_folder["cache"], NullSink.Instance)));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
