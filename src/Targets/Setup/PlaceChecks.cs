using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>Whether the place is there and this computer is let in: one request decides, and each check says its own part.</summary>
internal static class PlaceChecks
{
    /// <summary>Stores refuse what is signed a quarter of an hour off; locks and retention suffer sooner.</summary>
    private static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(5);

    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new("Place exists", IsQuick: true, static (run, token) => JudgeAsync(run, "It is there.", token, TargetFault.PlaceMissing)) { OnlyLooks = true },
        new("Credential accepted", IsQuick: true, static (run, token) => JudgeAsync(run, "The store knows it.", token, TargetFault.KeyRejected)) { OnlyLooks = true },
        new("Region right", IsQuick: true, RegionAsync) { OnlyLooks = true },
        new("Clock", IsQuick: true, ClockAsync) { OnlyLooks = true },
        new("Transport", IsQuick: true, static (run, token) => JudgeAsync(run, "The server is who it should be.", token, TargetFault.Untrusted, TargetFault.ProxyRefused, TargetFault.Unavailable, TargetFault.Throttled, TargetFault.Garbled)) { OnlyLooks = true },
    ];

    /// <summary>For checks that make no sense where the place does not answer; null where it does.</summary>
    public static async Task<CheckResult?> UnreachableAsync(ProbeRun run, CancellationToken cancellationToken) =>
        await run.ReachAsync(cancellationToken) is null ? null : new CheckResult(CheckOutcome.NotReached, "The place did not answer; see the checks before.");

    /// <param name="own">What this check answers for. A failure of another kind is another check's.</param>
    private static async Task<CheckResult> JudgeAsync(ProbeRun run, string passed, CancellationToken cancellationToken, params TargetFault[] own) => await run.ReachAsync(cancellationToken) switch
    {
        null => CheckResult.Passed(passed),
        var failure when own.Contains(failure.Fault) => CheckResult.Failed(failure),
        _ => new CheckResult(CheckOutcome.NotReached, "The place did not answer as one."),
    };

    private static async Task<CheckResult> RegionAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var result = await JudgeAsync(run, "", cancellationToken, TargetFault.WrongRegion);
        return result.Outcome != CheckOutcome.Passed ? result
            : run.Target.Capabilities.Region is { } region ? CheckResult.Passed(region)
            : CheckResult.NotOffered("The platform has no regions.");
    }

    private static async Task<CheckResult> ClockAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var result = await JudgeAsync(run, "", cancellationToken, TargetFault.ClockSkewed);
        if (result.Outcome != CheckOutcome.Passed)
        {
            return result;
        }

        var before = run.Time.GetUtcNow();
        if (run.ListRefusal is not null || await run.Setup.AskTimeAsync(cancellationToken) is not { } told)
        {
            return CheckResult.CannotTell("The store does not tell its time.");
        }

        run.ClockDifference = before + ((run.Time.GetUtcNow() - before) / 2) - told;
        var text = $"{run.ClockDifference.Value.TotalSeconds:+0.0;-0.0} s";
        return run.ClockDifference.Value.Duration() < MaxClockDifference
            ? CheckResult.Passed($"{text} against the store's.")
            : CheckResult.Failed(FaultCodes.TargetClockSkewed, $"This computer's clock is {text} off the store's.");
    }
}
