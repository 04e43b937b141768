using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Platform;

/// <summary>Flags for opening; the values of two of them depend on the processor.</summary>
internal static class LinuxOpen
{
    public const int ReadOnly = 0;
    public const int NonBlocking = 0x800;
    public const int NoAccessTime = 0x40000;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    /// <summary>0 where its value was not looked up.</summary>
    public static readonly int Direct = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0x4000,
        Architecture.Arm64 => 0x10000,
        _ => 0,
    };

    public static readonly int Directory = HasArmFlags ? 0x4000 : 0x10000;
    public static readonly int NoFollow = HasArmFlags ? 0x8000 : 0x20000;

    private static bool HasArmFlags => RuntimeInformation.ProcessArchitecture
        is Architecture.Arm or Architecture.Arm64 or Architecture.Armv6 or Architecture.Ppc64le;
}

/// <summary>Flags of the <c>*at</c> calls.</summary>
internal static class LinuxAt
{
    public const int SymlinkNoFollow = 0x100;
    public const int NoAutomount = 0x800;
    public const int EmptyPath = 0x1000;
}

internal static class LinuxErrno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int Io = 5;
    public const int Interrupted = 4;
    public const int TryAgain = 11;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int NoDevice = 6;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int Range = 34;
    public const int NameTooLong = 36;
    public const int NoSystemCall = 38;
    public const int TooManyLinks = 40;
    public const int NoData = 61;
    public const int NotSupported = 95;
    public const int Stale = 116;
    public const int QuotaExceeded = 122;
}
