using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>Of a platform whose places this module neither makes nor changes: nothing is known, and nothing is done.</summary>
internal sealed class ClosedSetup(string platform) : TargetSetup
{
    public override Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<TargetFact>>([]);

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken) => throw Refused();

    public override Task ApplyAsync(SetupChange change, CancellationToken cancellationToken) => throw Refused();

    public override Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private RequestException Refused() => new(FaultCodes.SetupRefused, $"Places of {platform} are not made or changed by this module.");
}
