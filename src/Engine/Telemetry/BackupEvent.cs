using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Telemetry;

public enum EventSeverity
{
    Verbose,
    Information,
    Warning,
}

/// <param name="Message">For people; never a secret.</param>
/// <param name="Code">The register's row, where the event is about a fault.</param>
public sealed record BackupEvent(EventSeverity Severity, string Message, FaultCode? Code = null);

/// <summary>Where the engine's events go. It is called from any thread, also at once; it must be quick and must not throw.</summary>
public interface IEngineSink
{
    void Report(BackupEvent backupEvent);
}

/// <summary>Nobody listens.</summary>
public sealed class NullSink : IEngineSink
{
    private NullSink()
    {
    }

    public static NullSink Instance { get; } = new();

    public void Report(BackupEvent backupEvent)
    {
        // Events are for whoever watches; what decides stands in results and exceptions.
    }
}
