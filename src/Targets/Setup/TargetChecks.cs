using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.Setup;

/// <summary>The checks that ship with the module, in the order in which they are run; the conformance suite runs the same ones.</summary>
public static class TargetChecks
{
    public const string ConditionalCreate = "Conditional create";
    public const string WrongChecksum = "Wrong checksum refused";
    public const string Versioning = "Versioning";
    public const string LegalHold = "Legal hold";

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(15);

    public static IReadOnlyList<TargetCheck> All { get; } = [.. PlaceChecks.All, .. ObjectChecks.All, .. ClockChecks.All, .. ExposureChecks.All, .. PromiseChecks.All, .. LockChecks.All, .. SettingChecks.All];

    /// <summary>Where nothing is ever written, those that only look.</summary>
    public static IEnumerable<TargetCheck> For(TargetSettings settings) => All.Where(check => check.OnlyLooks || !settings.IsReadOnly);

    /// <summary>Those that a target passes before it is registered.</summary>
    /// <inheritdoc cref="For"/>
    public static IEnumerable<TargetCheck> QuickFor(TargetSettings settings) => For(settings).Where(static check => check.IsQuick);

    /// <summary>Runs them one after the other, hands out each result, and cleans up. What the time does not suffice for is <see cref="CheckOutcome.NotReached"/>.</summary>
    public static async Task RunAsync(
        ProbeRun run, IEnumerable<TargetCheck> checks, TimeSpan limit, Action<TargetCheck, CheckResult, TimeSpan> done, CancellationToken cancellationToken)
    {
        using var box = new CancellationTokenSource(limit, run.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(box.Token, cancellationToken);
        try
        {
            foreach (var check in checks)
            {
                var start = run.Time.GetTimestamp();
                var result = box.IsCancellationRequested ? OutOfTime(limit) : await RunAsync(run, check, limit, box.Token, linked.Token);
                done(check, result, run.Time.GetElapsedTime(start));
            }
        }
        finally
        {
            if (!run.Settings.IsReadOnly)
            {
                using var cleaning = new CancellationTokenSource(CleaningTime, run.Time);
                await run.CleanAsync(cleaning.Token);
            }
        }
    }

    private static async Task<CheckResult> RunAsync(ProbeRun run, TargetCheck check, TimeSpan limit, CancellationToken box, CancellationToken cancellationToken)
    {
        try
        {
            return await check.Run(run, cancellationToken);
        }
        catch (OperationCanceledException) when (box.IsCancellationRequested)
        {
            return OutOfTime(limit);
        }
        catch (BackupException exception)
        {
            return CheckResult.Failed(exception);
        }
    }

    private static CheckResult OutOfTime(TimeSpan limit) => new(CheckOutcome.NotReached, $"The {limit.TotalSeconds:0} s were over.");
}
