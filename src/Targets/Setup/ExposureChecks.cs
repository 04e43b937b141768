using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>Who else may look in.</summary>
internal static class ExposureChecks
{
    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new("Not public", IsQuick: true, NotPublicAsync) { OnlyLooks = true },
        new("Demands TLS", IsQuick: false, DemandsTlsAsync) { OnlyLooks = true },
    ];

    private static async Task<CheckResult> NotPublicAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        var fact = await run.FindFactAsync(SetupItem.PublicAccess, cancellationToken);
        if (fact is { State: FactState.Known, Value: { } value and not SetupItem.Off })
        {
            return CheckResult.Failed(FaultCodes.TargetExposed, $"Everybody may reach {run.Target.DisplayName}: {value}.");
        }

        var isReadable = run.Probe is null ? null : await run.Setup.IsReadableByAllAsync(run.Name(ObjectChecks.Small), cancellationToken);
        return isReadable switch
        {
            true => CheckResult.Failed(FaultCodes.TargetExposed, $"Everybody may read {run.Target.DisplayName}: an object was given to somebody without a credential."),
            false => CheckResult.Passed("Nobody without a credential is given an object."),
            null when fact is { State: FactState.Known } => CheckResult.Passed("The place is set so."),
            null when fact is { State: FactState.Denied } => CheckResult.CannotTell("The credential may not ask who may reach the place."),
            null => CheckResult.CannotTell("Nothing here says who may reach the place; look in the platform's console."),
        };
    }

    private static async Task<CheckResult> DemandsTlsAsync(ProbeRun run, CancellationToken cancellationToken) =>
        await PlaceChecks.UnreachableAsync(run, cancellationToken) ?? await run.FindFactAsync(SetupItem.TransportPolicy, cancellationToken) switch
        {
            { State: FactState.Known, Value: SetupItem.On } => CheckResult.Passed("Requests without TLS are refused."),
            { State: FactState.Known } => CheckResult.NotOffered("Requests without TLS are not refused; a policy of the bucket sees to it. This module sends none."),
            { State: FactState.Denied } => CheckResult.CannotTell("The credential may not ask for the policy."),
            _ => CheckResult.NotOffered("The platform has no such policy."),
        };
}
