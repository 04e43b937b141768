using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>Whether the place is there and this computer is let in: one request decides, and each check says its own part.</summary>
internal static class PlaceChecks
{
    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new("Place exists", IsQuick: true, static (run, token) => JudgeAsync(run, "It is there.", token, TargetFault.PlaceMissing)) { OnlyLooks = true },
        new("Credential accepted", IsQuick: true, static (run, token) => JudgeAsync(run, "The store knows it.", token, TargetFault.KeyRejected)) { OnlyLooks = true },
        new("Region right", IsQuick: true, RegionAsync) { OnlyLooks = true },
        new("Transport", IsQuick: true, static (run, token) => JudgeAsync(run, "The server is who it should be.", token, TargetFault.Untrusted, TargetFault.ProxyRefused, TargetFault.Unavailable, TargetFault.Throttled, TargetFault.Garbled)) { OnlyLooks = true },
    ];

    /// <summary>For checks that make no sense where the place does not answer; null where it does.</summary>
    public static async Task<CheckResult?> UnreachableAsync(ProbeRun run, CancellationToken cancellationToken) =>
        await run.ReachAsync(cancellationToken) is null ? null : new CheckResult(CheckOutcome.NotReached, "The place did not answer; see the checks before.");

    /// <param name="own">What this check answers for. A failure of another kind is another check's.</param>
    public static async Task<CheckResult> JudgeAsync(ProbeRun run, string passed, CancellationToken cancellationToken, params TargetFault[] own) => await run.ReachAsync(cancellationToken) switch
    {
        null => CheckResult.Passed(passed),
        var failure when own.Contains(failure.Fault) => CheckResult.Failed(failure),
        _ => new CheckResult(CheckOutcome.NotReached, "The place did not answer as one."),
    };

    private static async Task<CheckResult> RegionAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var result = await JudgeAsync(run, "", cancellationToken, TargetFault.WrongRegion);
        if (result.Outcome != CheckOutcome.Passed)
        {
            return result;
        }

        var given = run.Target.Capabilities.Region;
        if (given is not null && run.Setup.IsRegionProvedByRequests)
        {
            run.Region = given;
            return CheckResult.Passed(given);
        }

        var fact = await run.FindFactAsync(SetupItem.Region, cancellationToken);
        if (fact is not { State: FactState.Known, Value: { } lies })
        {
            return fact is null or { State: FactState.NotOffered } && given is null
                ? CheckResult.NotOffered("The platform has no regions.")
                : CheckResult.CannotTell("The credential may not ask where the place lies.");
        }

        run.Region = lies;
        return given is null || IsSame(given, lies)
            ? CheckResult.Passed(lies)
            : CheckResult.Failed(FaultCodes.TargetWrongRegion, $"{run.Target.DisplayName} lies in {lies}, not in {given}.");
    }

    /// <summary>Platforms write their regions in either way: westeurope, West Europe.</summary>
    private static bool IsSame(string one, string other) => string.Equals(Bare(one), Bare(other), StringComparison.OrdinalIgnoreCase);

    private static string Bare(string region) => region.Replace(" ", "", StringComparison.Ordinal);
}
