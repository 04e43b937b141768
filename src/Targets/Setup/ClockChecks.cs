using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>This computer's clock against the store's: by what the store says of its time, and else by the time that it gave to what was put.</summary>
internal static class ClockChecks
{
    /// <summary>Stores refuse what is signed a quarter of an hour off; locks and retention suffer sooner.</summary>
    private static readonly TimeSpan MaxDifference = TimeSpan.FromMinutes(5);

    public static IReadOnlyList<TargetCheck> All { get; } = [new("Clock", IsQuick: true, ClockAsync) { OnlyLooks = true }];

    private static async Task<CheckResult> ClockAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var result = await PlaceChecks.JudgeAsync(run, "", cancellationToken, TargetFault.ClockSkewed);
        if (result.Outcome != CheckOutcome.Passed)
        {
            return result;
        }

        var before = run.Time.GetUtcNow();
        if (run.ListRefusal is null && await run.Setup.AskTimeAsync(cancellationToken) is { } told)
        {
            run.CompareClocks(before, told);
        }

        if (run.ClockDifference is not { } difference)
        {
            return CheckResult.CannotTell("The store does not tell its time.");
        }

        var text = $"{difference.TotalSeconds:+0.0;-0.0} s";
        return difference.Duration() < MaxDifference
            ? CheckResult.Passed($"{text} against the store's.")
            : CheckResult.Failed(FaultCodes.TargetClockSkewed, $"This computer's clock is {text} off the store's.");
    }
}
