using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>A store in this process or on its disk.</summary>
internal sealed class NearLane : ScheduleLane
{
    private readonly UnreliableTarget _line;
    private readonly TempFolder? _folder;

    /// <param name="folder">Where the target keeps its objects, and this lane's to remove.</param>
    internal NearLane(Target target, TempFolder? folder = null)
    {
        _folder = folder;
        Clean = target;
        _line = new UnreliableTarget(target);
        Faulty = new RetryTarget(_line, Patience);
    }

    internal override Target Faulty { get; }

    internal override Target Clean { get; }

    internal override bool IsExact => true;

    internal override void Begin(FaultSchedule schedule) => _line.Begin(schedule);

    internal override void CorruptObjects() => _line.CorruptsObjects = true;

    internal override Task<IReadOnlyList<string>> LeftoversAsync() => Task.FromResult<IReadOnlyList<string>>(_folder?.Files() ?? []);

    public override async ValueTask DisposeAsync()
    {
        await Faulty.DisposeAsync();
        _folder?.Dispose();
    }
}
