using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Targets;

/// <summary>What a target is opened with beside its settings.</summary>
public sealed record OpenContext(IEngineSink Sink, TimeProvider Time)
{
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
