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
        new("Versioning", IsQuick: false, VersioningAsync),
        new("Lock", IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, LockAsync, token)),
        new("Legal hold", IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, HoldAsync, token)),
    ];

    private static async Task<CheckResult> VersioningAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        switch (await run.FindFactAsync(SetupItem.Versioning, cancellationToken))
        {
            case { State: FactState.Known, Value: var value }:
                var isOn = value is SetupItem.On;
                await run.LearnAsync("versioning", isOn ? SetupItem.On : SetupItem.Off);
                return isOn
                    ? CheckResult.Passed("Deleted and overwritten objects stay as versions.")
                    : CheckResult.NotOffered("No versions are kept, so no lock can be; turn versioning on in the platform's console.");
            case { State: FactState.Denied }:
                return CheckResult.CannotTell("The credential may not ask.");
            default:
                return CheckResult.NotOffered("The platform has no versions.");
        }
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
            return CheckResult.NotOffered("Object lock is off; it is turned on in the platform's console, where that is still possible.");
        }

        foreach (var mode in new[] { LockMode.Governance, LockMode.Compliance }.Where(mode => declared.HasFlag((LockModes)mode)))
        {
            if (await TryLockAsync(run, mode, cancellationToken) is { } failure)
            {
                return failure;
            }

            run.LockModes |= (LockModes)mode;
        }

        return CheckResult.Passed($"{run.LockModes}: kept as asked for, cannot be shortened, and what is locked cannot be deleted.");
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

        if (!await IsLockedAsync(() => run.Target.ExtendLockAsync(run.Name(last), asked with { Until = now + (LockTime / 2) }, cancellationToken)))
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, $"A lock of the mode {mode} could be shortened.");
        }

        return await IsLockedAsync(() => run.Target.DeleteAsync(run.Name(last), cancellationToken)) && await run.Target.StatAsync(run.Name(last), cancellationToken) is not null
            ? null
            : CheckResult.Failed(FaultCodes.TargetLockNotKept, $"An object with a lock of the mode {mode} could be deleted.");
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

        var name = run.Name("held");
        await ObjectChecks.PutAsync(run, "held", new byte[1], PutOptions.Default, cancellationToken);
        if (!(await run.Target.SetLegalHoldAsync(name, isHeld: true, cancellationToken)).LegalHold)
        {
            return CheckResult.Failed(FaultCodes.TargetLockNotKept, "A legal hold was placed, and the store says that there is none.");
        }

        var isLocked = await IsLockedAsync(() => run.Target.DeleteAsync(name, cancellationToken));
        var released = await run.Target.SetLegalHoldAsync(name, isHeld: false, cancellationToken);
        return !isLocked ? CheckResult.Failed(FaultCodes.TargetLockNotKept, "An object under a legal hold could be deleted.")
            : released.LegalHold ? CheckResult.Failed(FaultCodes.TargetLockNotKept, "A legal hold that was released still stands.")
            : CheckResult.Passed("What is held cannot be deleted until it is released.");
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
