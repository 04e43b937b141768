using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Destinations.Portable;

/// <summary>What stands at a path, never following a link, and how its system's errors read.</summary>
internal static class PortableEntry
{
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsWriteProtected = unchecked((int)0x80070013);
    private const int WindowsFileExists = unchecked((int)0x80070050);
    private const int WindowsAlreadyExists = unchecked((int)0x800700B7);
    private const int UnixExists = 17;
    private const int UnixNoSpace = 28;
    private const int UnixReadOnly = 30;

    /// <summary>Takes the limit of 260 characters, and the reading of dots and devices, from a Windows path.</summary>
    public static string Unlimited(string path) => !OperatingSystem.IsWindows() || path.StartsWith(@"\\?\", StringComparison.Ordinal) ? path
        : path.StartsWith(@"\\", StringComparison.Ordinal) ? @"\\?\UNC\" + path[2..]
        : @"\\?\" + path;

    public static string ToText(byte[] name) =>
        Wtf8.TryDecode(name, out var text) ? text : throw new FolderException(FolderError.NameTooLong, "the name is not UTF-8");

    /// <summary>Refuses anything but a real folder; on Windows holds it, so that it stays one.</summary>
    public static void Enter(string path, List<SafeFileHandle> held)
    {
        if (OperatingSystem.IsWindows())
        {
            var handle = WindowsWrite.Hold(path);
            held.Add(handle);
            if (handle.IsInvalid)
            {
                throw Failure("CreateFile");
            }
        }

        var kind = Look(path)?.Kind ?? throw new FolderException(FolderError.NotFound, "a folder on the way is missing");
        if (kind != EntryKind.Directory)
        {
            var isLink = kind is EntryKind.SymbolicLink or EntryKind.ReparsePoint;
            throw new FolderException(isLink ? FolderError.ThroughLink : FolderError.NotAFolder, "a part of the way is no folder");
        }
    }

    public static ExistingEntry? Look(string path) => OperatingSystem.IsWindows() ? LookOnWindows(path)
        : OperatingSystem.IsMacOS() ? LookOnMac(path)
        : throw new PlatformNotSupportedException("A restore runs on Linux, macOS and Windows.");

    /// <summary>Names in <paramref name="missing"/> what could not be set.</summary>
    public static void Attempt(string what, List<string> missing, Action set)
    {
        try
        {
            set();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            missing.Add(what);
        }
    }

    /// <summary>
    /// Whether times, mode or attributes and the link target are the entry's. A security descriptor is not compared: its bytes differ without meaning, so
    /// what has one is always set anew.
    /// </summary>
    public static bool Has(string path, EntryMetadata wanted)
    {
        if (wanted.SecurityDescriptor is not null || Look(path)?.ModifiedAt != wanted.ModifiedAt)
        {
            return false;
        }

        if (wanted.Kind == EntryKind.SymbolicLink)
        {
            return wanted.LinkTarget is { } target && string.Equals(new FileInfo(path).LinkTarget, ToText(target), StringComparison.Ordinal);
        }

        return OperatingSystem.IsWindows()
            ? wanted.WindowsAttributes is null || (uint)File.GetAttributes(path) == wanted.WindowsAttributes
            : wanted.Mode is null || ((uint)File.GetUnixFileMode(path) & UnixMode.PermissionMask) == (wanted.Mode & UnixMode.PermissionMask);
    }

    public static FolderException Failure(string call)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"{call}: {Marshal.GetPInvokeErrorMessage(error)}";
        return Translate(new IOException(message, OperatingSystem.IsWindows() ? unchecked((int)0x80070000) | error : error));
    }

    public static FolderException Translate(Exception failure)
    {
        var error = failure switch
        {
            PathTooLongException => FolderError.NameTooLong,
            FileNotFoundException or DirectoryNotFoundException => FolderError.NotFound,
            UnauthorizedAccessException => FolderError.Refused,
            _ => failure.HResult switch
            {
                WindowsDiskFull or WindowsHandleDiskFull or UnixNoSpace => FolderError.NoSpace,
                WindowsWriteProtected or UnixReadOnly => FolderError.ReadOnly,
                WindowsFileExists or WindowsAlreadyExists or UnixExists => FolderError.Exists,
                _ => FolderError.Refused,
            },
        };
        return new FolderException(error, failure.Message);
    }

    [System.Runtime.Versioning.SupportedOSPlatform("windows")]
    private static ExistingEntry? LookOnWindows(string path)
    {
        const int fileNotFound = 2;
        const int pathNotFound = 3;
        using var handle = WindowsWrite.Look(path);
        if (handle.IsInvalid)
        {
            return Marshal.GetLastPInvokeError() is fileNotFound or pathNotFound ? null : throw Failure("CreateFile");
        }

        if (WindowsWrite.GetInformation(handle, out var found) == 0)
        {
            throw Failure("GetFileInformationByHandle");
        }

        var isFolder = (found.Attributes & WindowsWrite.Directory) != 0;
        var kind = (found.Attributes & WindowsWrite.ReparsePoint) != 0
            ? (new FileInfo(path).LinkTarget is null ? EntryKind.ReparsePoint : EntryKind.SymbolicLink)
            : isFolder ? EntryKind.Directory : EntryKind.File;
        var written = DateTimeOffset.FromFileTime(((long)found.WrittenHigh << 32) | found.WrittenLow);
        var size = ((long)found.SizeHigh << 32) | found.SizeLow;
        return new ExistingEntry(kind, found.VolumeSerial, ((ulong)found.IndexHigh << 32) | found.IndexLow, size, Timestamp.From(written)) { LinkCount = found.LinkCount };
    }

    [System.Runtime.Versioning.SupportedOSPlatform("macos")]
    private static ExistingEntry? LookOnMac(string path)
    {
        const int notFound = 2;
        if (!MacCalls.Stat(path, out var status))
        {
            return Marshal.GetLastPInvokeError() == notFound ? null : throw Failure("lstat");
        }

        var found = status.ToUnixStat();
        return new ExistingEntry(found.Kind, found.Device, found.Inode, found.SizeBytes, found.Modified) { ChangedAt = found.Changed, LinkCount = found.LinkCount };
    }
}
