namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode TargetNotFound = new(2001, nameof(TargetNotFound), "The target has no object of this name.", "Check that the vault is complete; run Test-CustomerBackup to see what is missing.");
    public static readonly FaultCode TargetAlreadyExists = new(2002, nameof(TargetAlreadyExists), "An object of this name is there already and objects are never overwritten.", "Run the command again; it chooses new names.");
    public static readonly FaultCode TargetPreconditionFailed = new(2003, nameof(TargetPreconditionFailed), "The object changed between look and write.", "Run the command again.");
    public static readonly FaultCode TargetAccessDenied = new(2004, nameof(TargetAccessDenied), "The target does not let this account do that.", "Let this account do what the message names (its rights, and whether the target is mounted read-only), or use an account that may.");
    public static readonly FaultCode TargetThrottled = new(2005, nameof(TargetThrottled), "The target asks to slow down.", "Wait and run the command again; what was uploaded is reused.") { IsTransient = true };
    public static readonly FaultCode TargetUnavailable = new(2006, nameof(TargetUnavailable), "The target does not answer or broke off.", "Check the connection or the disk and run the command again; what was uploaded is reused.") { IsTransient = true };
    public static readonly FaultCode TargetQuotaExceeded = new(2007, nameof(TargetQuotaExceeded), "The target is full, or the account has used up a limit of storage, transfers or requests.", "Free space on the target or enlarge it; where it is a limit, raise it or wait until it begins anew. Then run the command again; what was uploaded is reused.");
    public static readonly FaultCode TargetLocked = new(2008, nameof(TargetLocked), "The object is locked against change and deletion.", "Wait until the lock ends; it cannot be shortened.");
    public static readonly FaultCode TargetCold = new(2009, nameof(TargetCold), "The object is in cold storage.", "Thaw it on the target, then run the command again.");
    public static readonly FaultCode TargetUnsupported = new(2010, nameof(TargetUnsupported), "The target cannot do this.", "Use a target that has the capability the message names.");
    public static readonly FaultCode TargetOutOfRange = new(2011, nameof(TargetOutOfRange), "The asked range lies beyond the end of the object.", "Run Test-CustomerBackup: the object is shorter than it should be.");
    public static readonly FaultCode TargetPlaceMissing = new(2012, nameof(TargetPlaceMissing), "The bucket, container or folder of the target does not exist.", "Check its name, or make it with Initialize-BackupTarget.");
    public static readonly FaultCode TargetWrongRegion = new(2013, nameof(TargetWrongRegion), "The place lies in another region than the one that was asked.", "Set the region that the message names with Set-BackupTarget -Region.");
    public static readonly FaultCode TargetKeyRejected = new(2014, nameof(TargetKeyRejected), "The store does not know the credential, or it has expired.", "Check the credential and give it again with Set-BackupTarget -Credential.");
    public static readonly FaultCode TargetClockSkewed = new(2015, nameof(TargetClockSkewed), "This computer's clock and the store's differ too much; most stores then refuse requests.", "Set the clock of this computer, or that of a server of your own.");
    public static readonly FaultCode TargetUntrusted = new(2016, nameof(TargetUntrusted), "The server could not prove who it is: its certificate is not trusted, or its host key is another than the pinned one.", "Trust its authority with -CertificateAuthority, or check with the server's owner whether the key changed before you pin the new one.");
    public static readonly FaultCode TargetProxyRefused = new(2017, nameof(TargetProxyRefused), "A proxy on the way refused the connection.", "Allow the store's address on the proxy, or set -Proxy to another one or to none.");
    public static readonly FaultCode TargetExposed = new(2018, nameof(TargetExposed), "Everybody on the internet may read or write the place.", "Close it with Initialize-BackupTarget, and what is then still open in the platform's console; have a server of your own ask for a user and a password.");
    public static readonly FaultCode TargetLockNotKept = new(2019, nameof(TargetLockNotKept), "The store did not keep the lock that was asked for, or cannot.", "Turn versioning and object lock on with Initialize-BackupTarget -LockMode, or ask for a mode that the target has.");
    public static readonly FaultCode TargetNameTooLong = new(2020, nameof(TargetNameTooLong), "The prefix makes object names longer than the store takes.", "Choose a shorter prefix.");
    public static readonly FaultCode TargetGarbled = new(2021, nameof(TargetGarbled), "Bytes were changed on the way to the store, or in its answer.", "Run the command again; if it happens again, look for a broken proxy or network card.") { IsTransient = true };
    public static readonly FaultCode TargetReadOnly = new(2022, nameof(TargetReadOnly), "The target is opened for reading alone.", "Leave -ReadOnly out, or take it off the target with Set-BackupTarget.");

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
        TargetFault.PlaceMissing => TargetPlaceMissing,
        TargetFault.WrongRegion => TargetWrongRegion,
        TargetFault.KeyRejected => TargetKeyRejected,
        TargetFault.ClockSkewed => TargetClockSkewed,
        TargetFault.Untrusted => TargetUntrusted,
        TargetFault.ProxyRefused => TargetProxyRefused,
        TargetFault.Exposed => TargetExposed,
        TargetFault.LockNotKept => TargetLockNotKept,
        TargetFault.NameTooLong => TargetNameTooLong,
        TargetFault.Garbled => TargetGarbled,
        TargetFault.ReadOnly => TargetReadOnly,
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}
