using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Setup;

/// <summary>One thing that a place can or cannot do, found out by doing it.</summary>
/// <param name="IsQuick">Among those that a target passes before it is registered.</param>
public sealed record TargetCheck(string Name, bool IsQuick, Func<ProbeRun, CancellationToken, Task<CheckResult>> Run)
{
    /// <summary>It puts and deletes nothing.</summary>
    public bool OnlyLooks { get; init; }
}

/// <param name="Detail">What was found, for people.</param>
public sealed record CheckResult(CheckOutcome Outcome, string Detail, FaultCode? Code = null, string? Remedy = null)
{
    public static CheckResult Passed(string detail) => new(CheckOutcome.Passed, detail);

    public static CheckResult Failed(BackupException exception) => new(CheckOutcome.Failed, exception.Message, exception.Code, exception.Remedy);

    public static CheckResult Failed(FaultCode code, string detail) => new(CheckOutcome.Failed, detail, code, code.Remedy);

    public static CheckResult NotOffered(string detail) => new(CheckOutcome.NotOffered, detail);

    public static CheckResult CannotTell(string detail) => new(CheckOutcome.CannotTell, detail);
}

public enum CheckOutcome
{
    Passed,
    Failed,

    /// <summary>The platform, or this server of it, has no such thing.</summary>
    NotOffered,

    /// <summary>The credential may not ask, or the answer does not say.</summary>
    CannotTell,

    /// <summary>The time was over before, or an earlier failure leaves no sense in it.</summary>
    NotReached,
}
