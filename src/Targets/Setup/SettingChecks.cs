using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Setup;

/// <summary>What the place is set to, and what the credential could do to it.</summary>
internal static class SettingChecks
{
    private const int MaxPacksLookedAt = 1000;

    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new("Encryption", IsQuick: false, static (run, token) => FactAsync(run, SetupItem.Encryption, "Not set. What this module stores is sealed before it leaves this computer.", token)) { OnlyLooks = true },
        new("Lifecycle", IsQuick: false, LifecycleAsync) { OnlyLooks = true },
        new("Rights", IsQuick: false, RightsAsync),
        new("Unfinished uploads", IsQuick: false, static (run, token) => FactAsync(run, SetupItem.UnfinishedUploads, "None.", token)) { OnlyLooks = true },
        new("Cold objects", IsQuick: false, ColdAsync) { OnlyLooks = true },
    ];

    private static async Task<CheckResult> FactAsync(ProbeRun run, string item, string none, CancellationToken cancellationToken) =>
        await PlaceChecks.UnreachableAsync(run, cancellationToken) ?? await run.FindFactAsync(item, cancellationToken) switch
        {
            { State: FactState.Known, Value: var value } => CheckResult.Passed(value ?? none),
            { State: FactState.Denied } => CheckResult.CannotTell("The credential may not ask."),
            _ => CheckResult.NotOffered("The platform does not say."),
        };

    private static async Task<CheckResult> LifecycleAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        return await run.FindFactAsync(SetupItem.LifecycleReach, cancellationToken) switch
        {
            { State: FactState.Known, Value: { } value and not SetupItem.Off } => new CheckResult(
                CheckOutcome.Failed, $"Rules delete or move more than packs: {value}.", FaultCodes.SetupRefused, "Take these rules off the place, or restrict them to the packs of the vault."),
            { State: FactState.Known } => CheckResult.Passed("No rule touches the newest version of anything but packs."),
            { State: FactState.Denied } => CheckResult.CannotTell("The credential may not ask."),
            _ => CheckResult.NotOffered("The platform has no such rules."),
        };
    }

    private static async Task<CheckResult> RightsAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        run.RightsTooWide = [.. run.MayDelete == true ? ["delete objects"] : Array.Empty<string>(), .. run.MayLift ? ["delete what is locked in the mode Governance"] : Array.Empty<string>()];
        try
        {
            run.RightsTooWide = [.. run.RightsTooWide, .. await run.Setup.FindRightsTooWideAsync(cancellationToken)];
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied or TargetFault.Unsupported)
        {
            return CheckResult.CannotTell($"{Text(run)} More cannot be asked with this credential.");
        }

        return CheckResult.Passed(Text(run));
    }

    private static string Text(ProbeRun run) => run.RightsTooWide.Count == 0
        ? $"None was found that a host which only backs up should not have.{Untried(run)}"
        : $"More than a host needs that only backs up: {string.Join(", ", run.RightsTooWide)}.{Untried(run)}";

    private static string Untried(ProbeRun run) => run.MayDelete is null ? " Whether it may delete objects could not be tried." : "";

    private static async Task<CheckResult> ColdAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        if (!run.Target.Capabilities.ColdStorage || run.ListRefusal is not null)
        {
            return CheckResult.NotOffered("Objects are always readable at once.");
        }

        var (seen, cold) = (0, 0);
        await foreach (var stat in run.Target.ListAsync("packs/", cancellationToken))
        {
            cold += stat.Access == ObjectAccess.Ready ? 0 : 1;
            if (++seen == MaxPacksLookedAt)
            {
                break;
            }
        }

        return CheckResult.Passed($"{cold} of the first {seen} packs.");
    }
}
