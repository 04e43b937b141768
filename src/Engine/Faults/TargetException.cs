using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Faults;

/// <summary>What a store said, in the terms on which callers decide.</summary>
public enum TargetFault
{
    NotFound,
    AlreadyExists,
    PreconditionFailed,
    AccessDenied,
    Throttled,
    Unavailable,
    QuotaExceeded,
    Locked,
    Cold,
    Unsupported,
    OutOfRange,
    PlaceMissing,
    WrongRegion,
    KeyRejected,
    ClockSkewed,
    Untrusted,
    ProxyRefused,
    Exposed,
    LockNotKept,
    NameTooLong,
    Garbled,
    ReadOnly,
}

/// <summary>The store refused or failed. <see cref="Fault"/> is what callers decide on.</summary>
public sealed class TargetException : BackupException
{
    public TargetException(TargetFault fault, string message, Exception? inner = null)
        : base(FaultCodes.ForTarget(fault), message, inner)
    {
        Fault = fault;
    }

    public TargetFault Fault { get; }

    /// <summary>Whether it says nothing of the one object that was asked for: no other one could be had either, and none is damaged.</summary>
    internal bool IsOfWholePlace => IsTransient || Fault is TargetFault.QuotaExceeded or TargetFault.PlaceMissing or TargetFault.WrongRegion or TargetFault.KeyRejected
        or TargetFault.ClockSkewed or TargetFault.Untrusted or TargetFault.ProxyRefused or TargetFault.Exposed;

    /// <summary>Of many that were to be deleted, those that stay; all that were named where it is empty.</summary>
    public IReadOnlyList<ObjectName> Kept { get; init; } = [];

    /// <summary>How long the store asks to be left alone; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same refusal, for all of these.</summary>
    public TargetException Of(IReadOnlyList<ObjectName> kept) => new(Fault, Message, this) { Remedy = Remedy, RetryAfter = RetryAfter, Kept = kept };
}
