using SecureBackup.Engine.Telemetry;

namespace SecureBackup.PowerShell.Rendering;

/// <summary>
/// Passes events on to the run that they come from, whatever cmdlet or job that is: a target outlives the one that opened it, and several runs may share it. What comes from no run
/// is dropped.
/// </summary>
internal sealed class RunSink : IEngineSink
{
    private static readonly AsyncLocal<IEngineSink?> Current = new();

    private RunSink()
    {
    }

    public static RunSink Instance { get; } = new();

    /// <summary>For all that the caller, an async method, starts from now on.</summary>
    public static void Enter(IEngineSink run) => Current.Value = run;

    public void Report(BackupEvent backupEvent) => Current.Value?.Report(backupEvent);
}
