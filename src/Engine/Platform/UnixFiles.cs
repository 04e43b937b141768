using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// What reading a file system takes and Linux and macOS spell differently. Everything is relative to an open folder, names are bytes,
/// and no link is followed unless a member says so. False and null mean failure, with the reason in <see cref="LastError"/>.
/// </summary>
internal abstract class UnixFiles
{
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>Whether names that differ in case alone are usually the same.</summary>
    public abstract bool IgnoresCase { get; }

    public static UnixFiles Create() => OperatingSystem.IsLinux() ? new LinuxFiles()
        : OperatingSystem.IsMacOS() ? new MacFiles()
        : throw new PlatformNotSupportedException("These are the calls of Linux and macOS.");

    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>Whether the error says that a name is gone, or stands for something else by now.</summary>
    public abstract bool IsGone(int error);

    /// <summary>Whether the error of <see cref="OpenContent"/> says that a file has turned into a link, a socket or a device.</summary>
    public abstract bool IsNoFile(int error);

    /// <summary>Follows links.</summary>
    public abstract byte[]? RealPath(string path);

    /// <summary>A folder by its whole path, links followed; it need not be listable where the system has a way for that.</summary>
    public abstract SafeFileHandle? OpenPlace(ReadOnlySpan<byte> path);

    public abstract SafeFileHandle? OpenFolder(SafeFileHandle parent, ReadOnlySpan<byte> name);

    /// <summary>Opens for reading, without waiting for the other end of a pipe.</summary>
    public abstract SafeFileHandle? OpenContent(SafeFileHandle folder, ReadOnlySpan<byte> name);

    public abstract bool Stat(SafeFileHandle folder, ReadOnlySpan<byte> name, out UnixStat stat);

    public abstract bool Stat(SafeFileHandle handle, out UnixStat stat);

    public abstract byte[]? ReadLink(SafeFileHandle folder, ReadOnlySpan<byte> name);

    /// <summary>Adds all names but the folder itself and its parent, until the list is full; those that could be read also where it fails.</summary>
    public abstract bool List(SafeFileHandle folder, NameList names);

    /// <param name="failure">What could not be read, or null.</param>
    public abstract IReadOnlyList<ExtendedAttribute> ReadAttributes(SafeFileHandle folder, byte[] name, EntryKind kind, out string? failure);

    /// <param name="failure">What could not be read, or null.</param>
    public abstract IReadOnlyList<ExtendedAttribute> ReadAttributes(SafeFileHandle handle, out string? failure);

    /// <summary>Of the file system that begins at or holds <paramref name="name"/>, which is a folder; null for <paramref name="folder"/>'s own.</summary>
    public abstract StampTrust TrustOf(SafeFileHandle folder, byte[]? name);

    /// <summary>Where the next hole begins; negative where that cannot be told.</summary>
    public abstract long FindHole(SafeFileHandle handle, long offset);

    /// <summary>Where the next data begin; negative where there are none.</summary>
    public abstract long FindData(SafeFileHandle handle, long offset);

    public abstract void AdviseSequential(SafeFileHandle handle);

    /// <summary>Closes the handle afterwards, which would otherwise change <see cref="LastError"/>.</summary>
    protected static T KeepingError<T>(SafeFileHandle handle, Func<SafeFileHandle, T> use)
    {
        int error;
        T result;
        using (handle)
        {
            result = use(handle);
            error = LastError;
        }

        Marshal.SetLastPInvokeError(error);
        return result;
    }

    protected static SafeFileHandle? Own(int descriptor) => descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
}

/// <summary>What a file system's file numbers and change times prove.</summary>
internal enum StampTrust
{
    /// <summary>Nothing: they are made up, lost at unmount or copied from elsewhere.</summary>
    None = 0,

    /// <summary>They hold, but another machine's clock stamps the times.</summary>
    ForeignClock = 1,

    /// <summary>They hold, and this kernel stamps.</summary>
    OwnClock = 2,
}
