using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Faults;

/// <summary>The only place that builds error records, so that ids, categories and remedies are the same everywhere.</summary>
internal static class ErrorRecordFactory
{
    /// <summary>Of whatever ended a piece of engine work.</summary>
    public static ErrorRecord FromAny(Exception exception, object? target) =>
        exception is BackupException known ? From(known, target) : FromUnforeseen(exception, target);

    public static ErrorRecord From(BackupException exception, object? target) =>
        Create(
            new BackupCommandException(exception.Code.ToString(), exception.Message, exception.Remedy, exception.IsTransient, exception),
            exception is TargetException store ? CategoryOf(store.Fault) : CategoryOf(exception.Code.Category),
            target);

    /// <summary>One entry that could not be saved, restored or verified; the run went on.</summary>
    public static ErrorRecord From(BackupFault fault) =>
        Create(
            new BackupCommandException(fault.Code, $"{fault.Path}: {fault.Message}", fault.Remedy, isTransient: false, inner: null),
            CategoryOf(fault.Category),
            fault.Path);

    /// <summary>Something that this version does not foresee: a bug, or a system that behaves as no documentation says.</summary>
    public static ErrorRecord FromUnforeseen(Exception exception, object? target) =>
        new(exception, exception.GetType().Name, ErrorCategory.NotSpecified, Shown(target))
        {
            ErrorDetails = new ErrorDetails(exception.Message)
            {
                RecommendedAction = "Run the command again; if it fails again, report it with the output of Get-Error. The vault needs no repair.",
            },
        };

    private static ErrorRecord Create(BackupCommandException exception, ErrorCategory category, object? target) =>
        new(exception, exception.Code, category, Shown(target))
        {
            ErrorDetails = new ErrorDetails($"{exception.Code}: {exception.Message}") { RecommendedAction = exception.Remedy },
        };

    /// <summary>An address that is understood holds no secret; of another one only so much is shown as its message shows.</summary>
    private static object? Shown(object? target)
    {
        if (target is not string text || !TargetUri.IsOne(text))
        {
            return target;
        }

        try
        {
            return TargetUri.Parse(text).Canonical;
        }
        catch (BackupException)
        {
            return TargetUri.Shown(text);
        }
    }

    private static ErrorCategory CategoryOf(FaultCategory category) => category switch
    {
        FaultCategory.Argument => ErrorCategory.InvalidArgument,
        FaultCategory.Target => ErrorCategory.ResourceUnavailable,
        FaultCategory.Integrity => ErrorCategory.InvalidData,
        FaultCategory.Key => ErrorCategory.AuthenticationError,
        FaultCategory.Vault => ErrorCategory.ResourceUnavailable,
        FaultCategory.Source => ErrorCategory.ReadError,
        FaultCategory.Audit => ErrorCategory.SecurityError,
        FaultCategory.Destination => ErrorCategory.WriteError,
        _ => ErrorCategory.NotSpecified,
    };

    private static ErrorCategory CategoryOf(TargetFault fault) => fault switch
    {
        TargetFault.NotFound or TargetFault.PlaceMissing => ErrorCategory.ObjectNotFound,
        TargetFault.AlreadyExists => ErrorCategory.ResourceExists,
        TargetFault.PreconditionFailed or TargetFault.Locked or TargetFault.Throttled => ErrorCategory.ResourceBusy,
        TargetFault.AccessDenied or TargetFault.ReadOnly => ErrorCategory.PermissionDenied,
        TargetFault.QuotaExceeded => ErrorCategory.QuotaExceeded,
        TargetFault.Unsupported or TargetFault.LockNotKept => ErrorCategory.NotImplemented,
        TargetFault.OutOfRange => ErrorCategory.InvalidData,
        TargetFault.KeyRejected => ErrorCategory.AuthenticationError,
        TargetFault.Untrusted or TargetFault.Exposed => ErrorCategory.SecurityError,
        TargetFault.ProxyRefused => ErrorCategory.ConnectionError,
        TargetFault.NameTooLong => ErrorCategory.InvalidArgument,
        _ => ErrorCategory.ResourceUnavailable,
    };
}
