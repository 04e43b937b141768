using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Schedules;

public sealed class MemoryFaultScheduleTests : FaultScheduleTests
{
    private protected override Task<ScheduleLane> OpenAsync() => Task.FromResult<ScheduleLane>(new NearLane(new MemoryTarget()));
}

public sealed class MemoryLockScheduleTests : LockScheduleTests
{
    private protected override Task<ScheduleLane> OpenAsync() => Task.FromResult<ScheduleLane>(
        new NearLane(new MemoryTarget(options: new MemoryTargetOptions { IsVersioned = true, LockModes = LockModes.Governance | LockModes.Compliance })));
}

public sealed class LocalFaultScheduleTests : FaultScheduleTests
{
    private protected override Task<ScheduleLane> OpenAsync()
    {
        var folder = TempFolder.InMemory();
        return Task.FromResult<ScheduleLane>(new NearLane(LocalTarget.Create(folder["vault"]), folder));
    }
}
