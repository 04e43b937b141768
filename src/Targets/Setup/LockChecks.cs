using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Setup;

/// <summary>Whether versions, locks and holds are kept: never by the store's word, always by trying to get past them.</summary>
internal static class LockChecks
{
    /// <summary>Long enough that it stands while it is tried; afterwards the object goes with the next test.</summary>
    private static readonly TimeSpan LockTime = TimeSpan.FromMinutes(2);

    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new(TargetChecks.Versioning, IsQuick: false, VersioningAsync) { OnlyLooks = true },
        new("Lock", IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, LockAsync, token)),
        new(TargetChecks.LegalHold, IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, HoldAsync, token)),
    ];

    private static async Task<CheckResult> VersioningAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        var fact = await run.FindFactAsync(SetupItem.Versioning, cancellationToken);
        foreach (var (option, value) in run.Setup.OptionsFrom(run.Facts))
        {
            await run.LearnAsync(option, value);
        }

        if (await run.FindFactAsync(SetupItem.RetentionPolicy, cancellationToken) is { State: FactState.Known, Value: { } policy and not SetupItem.Off })
        {
            return new CheckResult(CheckOutcome.Failed, $"The place is under a {policy}: it keeps everything for that long, and nothing can be locked by itself.", FaultCodes.SetupRefused, "Use a place without it.");
        }

        return fact switch
        {
            { State: FactState.Known, Value: SetupItem.On } => CheckResult.Passed("Deleted and overwritten objects stay as versions."),
            { State: FactState.Known } => CheckResult.NotOffered("No versions are kept, so no lock can be; Initialize-BackupTarget turns versioning on."),
            { State: FactState.Denied } => CheckResult.CannotTell("The credential may not ask."),
            _ => CheckResult.NotOffered("The platform has no versions."),
        };
    }

    private static async Task<CheckResult> LockAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var declared = run.Target.Capabilities.LockModes;
        if (declared == LockModes.None)
        {
            return CheckResult.NotOffered("Objects cannot be locked here.");
        }

        if (await run.FindFactAsync(SetupItem.ObjectLock, cancellationToken) is { State: FactState.Known, Value: not SetupItem.On })
        {
            return CheckResult.NotOffered("Object lock is off; Initialize-BackupTarget -LockMode turns it on where the platform still can.");
        }

        foreach (var mode in new[] { LockMode.Governance, LockMode.Compliance }.Where(mode => declared.HasFlag((LockModes)mode)))
        {
            if (await TryLockAsync(run, mode, cancellationToken) is { } failure)
            {
                return failure;
            }

            run.LockModes |= (LockModes)mode;
        }

        return CheckResult.Passed(run.MayDelete == false
            ? $"{run.LockModes}: kept as asked for. Whether a delete is refused for it cannot be tried: this credential deletes nothing."
            : $"{run.LockModes}: kept as asked for, cannot be shortened, and what is locked cannot be deleted.");
    }

    private static async Task<CheckResult?> TryLockAsync(ProbeRun run, LockMode mode, CancellationToken cancellationToken)
    {
        var last = $"locked-{mode}".ToLowerInvariant();
        var now = run.Time.GetUtcNow() - (run.ClockDifference ?? TimeSpan.Zero);
        var asked = new ObjectLock(mode, now + LockTime);
        await ObjectChecks.PutAsync(run, last, new byte[1], PutOptions.Default with { Lock = asked }, cancellationToken);
        var kept = await run.Target.GetLockAsync(run.Name(last), cancellationToken);
        if (!kept.IsAtLeast(asked with { Until = asked.Until.AddSeconds(-1) }))
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, $"An object was put with a lock of the mode {mode}, and the store says {Text(kept)}.");
        }

        var shorter = asked with { Until = now + (LockTime / 2) };
        if (await run.Setup.CanShortenAsync(run.Name(last), shorter, cancellationToken) == true || !await IsLockedAsync(() => run.Target.ExtendLockAsync(run.Name(last), shorter, cancellationToken)))
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, $"A lock of the mode {mode} could be shortened.");
        }

        // Who may delete nothing is refused in any case, and proves nothing by it.
        if (run.MayDelete != false && (!await IsLockedAsync(() => run.Target.DeleteAsync(run.Name(last), cancellationToken)) || await run.Target.StatAsync(run.Name(last), cancellationToken) is null))
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, $"An object with a lock of the mode {mode} could be deleted.");
        }

        run.MayLift |= mode == LockMode.Governance && await run.Setup.CanLiftAsync(run.Name(last), cancellationToken) == true;
        return null;
    }

    private static async Task<CheckResult> HoldAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (!run.Target.Capabilities.LegalHold)
        {
            return CheckResult.NotOffered("There are no legal holds here.");
        }

        if (await run.FindFactAsync(SetupItem.ObjectLock, cancellationToken) is { State: FactState.Known, Value: not SetupItem.On })
        {
            return CheckResult.NotOffered("Object lock is off.");
        }

        var name = run.Name(ProbeRun.Held);
        await ObjectChecks.PutAsync(run, ProbeRun.Held, new byte[1], PutOptions.Default, cancellationToken);
        if (!(await run.Target.SetLegalHoldAsync(name, isHeld: true, cancellationToken)).LegalHold)
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, "A legal hold was placed, and the store says that there is none.");
        }

        var isLocked = run.MayDelete == false || await IsLockedAsync(() => run.Target.DeleteAsync(name, cancellationToken));
        if (!isLocked)
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, "An object under a legal hold could be deleted.");
        }

        return (await run.Target.SetLegalHoldAsync(name, isHeld: false, cancellationToken)).LegalHold ? CheckResult.Failed(FaultCodes.TargetLockNotKept, "A legal hold that was released still stands.")
            : CheckResult.Passed(run.MayDelete == false ? "It is kept until it is released. Whether a delete is refused for it cannot be tried: this credential deletes nothing." : "What is held cannot be deleted until it is released.");
    }

    private static async Task<bool> IsLockedAsync(Func<Task> call)
    {
        try
        {
            await call();
            return false;
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.Locked or TargetFault.AccessDenied)
        {
            return true;
        }
    }

    private static string Text(LockState state) => state.Lock is { } kept ? $"{kept.Mode} until {kept.Until:u}" : "none";
}
