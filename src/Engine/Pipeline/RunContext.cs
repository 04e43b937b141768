using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Who watches a run.</summary>
public sealed record RunContext(ProgressCounters Counters, IEngineSink Sink)
{
    public static RunContext Unwatched => new(new ProgressCounters(), NullSink.Instance);
}
