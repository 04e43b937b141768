using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>One schedule in one place, from its number.</summary>
internal abstract class ScheduleStory
{
    internal abstract IReadOnlyList<FaultKind> Happened { get; }

    /// <exception cref="InvalidOperationException">Something is not as it was promised.</exception>
    internal abstract Task RunAsync();

    /// <summary>So that it can be told once more.</summary>
    internal abstract Task ForgetAsync();
}
