using System.Security;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets;

/// <summary>What an error of the file system means in the terms of a target.</summary>
internal static class LocalFaults
{
    public static bool IsFileError(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or NotSupportedException or SecurityException;

    public static TargetException From(Exception exception, string doing) =>
        new(Classify(exception), $"{doing}: {exception.Message}", exception);

    /// <summary>What is not known counts as <c>Unavailable</c>: trying again is harmless, giving up early is not.</summary>
    public static TargetFault Classify(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => TargetFault.NotFound,
        UnauthorizedAccessException or SecurityException => TargetFault.AccessDenied,
        PathTooLongException or NotSupportedException => TargetFault.Unsupported,
        _ when OperatingSystem.IsWindows() => FromWindows(exception.HResult & 0xFFFF),
        _ when OperatingSystem.IsMacOS() => FromMac(exception.HResult),
        _ => FromLinux(exception.HResult),
    };

    private static TargetFault FromLinux(int errno) => errno switch
    {
        40 => TargetFault.NotFound, // ELOOP: a link stands where an object should
        122 => TargetFault.QuotaExceeded, // EDQUOT
        95 => TargetFault.Unsupported, // ENOTSUP
        _ => FromUnix(errno),
    };

    private static TargetFault FromMac(int errno) => errno switch
    {
        62 => TargetFault.NotFound, // ELOOP
        69 => TargetFault.QuotaExceeded, // EDQUOT
        45 => TargetFault.Unsupported, // ENOTSUP
        _ => FromUnix(errno),
    };

    private static TargetFault FromUnix(int errno) => errno switch
    {
        2 or 20 or 21 => TargetFault.NotFound, // ENOENT, ENOTDIR, EISDIR
        1 or 13 or 30 => TargetFault.AccessDenied, // EPERM, EACCES, EROFS
        17 => TargetFault.AlreadyExists, // EEXIST
        28 => TargetFault.QuotaExceeded, // ENOSPC
        _ => TargetFault.Unavailable, // EIO, ESTALE, ETIMEDOUT, ENODEV, ENXIO, EMFILE and others
    };

    private static TargetFault FromWindows(int error) => error switch
    {
        2 or 3 => TargetFault.NotFound, // FILE_NOT_FOUND, PATH_NOT_FOUND
        5 or 19 => TargetFault.AccessDenied, // ACCESS_DENIED, WRITE_PROTECT
        80 or 183 => TargetFault.AlreadyExists, // FILE_EXISTS, ALREADY_EXISTS
        39 or 112 or 1295 or 1816 => TargetFault.QuotaExceeded, // HANDLE_DISK_FULL, DISK_FULL, DISK_QUOTA_EXCEEDED, NOT_ENOUGH_QUOTA
        50 => TargetFault.Unsupported, // NOT_SUPPORTED
        _ => TargetFault.Unavailable, // SHARING_VIOLATION, NETNAME_DELETED, SEM_TIMEOUT and others
    };
}
