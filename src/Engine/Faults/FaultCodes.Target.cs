namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode TargetNotFound = new(2001, nameof(TargetNotFound), "The target has no object of this name.", "Check that the vault is complete; run Test-CustomerBackup to see what is missing.");
    public static readonly FaultCode TargetAlreadyExists = new(2002, nameof(TargetAlreadyExists), "An object of this name is there already and objects are never overwritten.", "Run the command again; it chooses new names.");
    public static readonly FaultCode TargetPreconditionFailed = new(2003, nameof(TargetPreconditionFailed), "The object changed between look and write.", "Run the command again.");
    public static readonly FaultCode TargetAccessDenied = new(2004, nameof(TargetAccessDenied), "The target does not let this account do that.", "Let this account do what the message names (its rights, and whether the target is mounted read-only), or use an account that may.");
    public static readonly FaultCode TargetThrottled = new(2005, nameof(TargetThrottled), "The target asks to slow down.", "Wait and run the command again; what was uploaded is reused.") { IsTransient = true };
    public static readonly FaultCode TargetUnavailable = new(2006, nameof(TargetUnavailable), "The target does not answer or broke off.", "Check the connection or the disk and run the command again; what was uploaded is reused.") { IsTransient = true };
    public static readonly FaultCode TargetQuotaExceeded = new(2007, nameof(TargetQuotaExceeded), "The target is full.", "Free space on the target or enlarge it, then run the command again; what was uploaded is reused.");
    public static readonly FaultCode TargetLocked = new(2008, nameof(TargetLocked), "The object is locked against change and deletion.", "Wait until the lock ends; it cannot be shortened.");
    public static readonly FaultCode TargetCold = new(2009, nameof(TargetCold), "The object is in cold storage.", "Thaw it on the target, then run the command again.");
    public static readonly FaultCode TargetUnsupported = new(2010, nameof(TargetUnsupported), "The target cannot do this.", "Use a target that has the capability the message names.");
    public static readonly FaultCode TargetOutOfRange = new(2011, nameof(TargetOutOfRange), "The asked range lies beyond the end of the object.", "Run Test-CustomerBackup: the object is shorter than it should be.");

    public static readonly FaultCode ContentMismatch = new(3901, nameof(ContentMismatch), "The bytes handed to the target are not those that were announced; nothing was stored.", "Run the command again; if it happens again, test this machine's memory.");

    public static FaultCode ForTarget(TargetFault fault) => fault switch
    {
        TargetFault.NotFound => TargetNotFound,
        TargetFault.AlreadyExists => TargetAlreadyExists,
        TargetFault.PreconditionFailed => TargetPreconditionFailed,
        TargetFault.AccessDenied => TargetAccessDenied,
        TargetFault.Throttled => TargetThrottled,
        TargetFault.Unavailable => TargetUnavailable,
        TargetFault.QuotaExceeded => TargetQuotaExceeded,
        TargetFault.Locked => TargetLocked,
        TargetFault.Cold => TargetCold,
        TargetFault.Unsupported => TargetUnsupported,
        TargetFault.OutOfRange => TargetOutOfRange,
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}
