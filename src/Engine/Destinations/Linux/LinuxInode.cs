using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Destinations.Linux;

/// <summary>
/// One file, folder, link or node whose attributes are set through a handle, so that a name swapped meanwhile changes nothing.
/// Links and nodes cannot be opened for real: theirs is a handle to the place alone, and what wants a path gets the handle's
/// own under /proc, which leads to that very inode and no further.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxInode : IDisposable
{
    private static readonly byte[] Self = LinuxWrite.Terminated(default);

    private readonly SafeFileHandle _folder;
    private readonly byte[] _name;
    private readonly SafeFileHandle _handle;
    private readonly byte[]? _processPath;
    private readonly bool _ownsHandle;

    private LinuxInode(SafeFileHandle folder, byte[] name, SafeFileHandle handle, bool isPathOnly, bool ownsHandle)
    {
        _folder = folder;
        _name = LinuxWrite.Terminated(name);
        _handle = handle;
        _ownsHandle = ownsHandle;
        _processPath = isPathOnly
            ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}\0"))
            : null;
    }

    public static LinuxInode OfOpenFile(SafeFileHandle folder, byte[] name, SafeFileHandle file) =>
        new(folder, name, file, isPathOnly: false, ownsHandle: false);

    public static LinuxInode OpenFolder(SafeFileHandle folder, byte[] name)
    {
        var flags = LinuxOpen.Directory | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;
        var handle = LinuxFailure.Checked(LinuxWrite.OpenAt(folder, LinuxWrite.Terminated(name), flags, 0), "openat");
        return new LinuxInode(folder, name, handle, isPathOnly: false, ownsHandle: true);
    }

    public static LinuxInode OpenPathOnly(SafeFileHandle folder, byte[] name)
    {
        var flags = LinuxOpen.PathOnly | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;
        var handle = LinuxFailure.Checked(LinuxWrite.OpenAt(folder, LinuxWrite.Terminated(name), flags, 0), "openat");
        return new LinuxInode(folder, name, handle, isPathOnly: true, ownsHandle: true);
    }

    public LinuxStat Status()
    {
        LinuxFailure.ThrowIf(LinuxCalls.Stat(_handle, out var status), "statx");
        return status;
    }

    public int ChangeOwner(uint user, uint group) =>
        LinuxWrite.ChangeOwner(_handle, Self, user, group, LinuxAt.EmptyPath | LinuxAt.SymlinkNoFollow);

    public int ChangeMode(uint mode) =>
        _processPath is null ? LinuxWrite.ChangeMode(_handle, mode) : LinuxWrite.ChangeMode(_processPath, mode);

    public int SetModified(Timestamp time) => _processPath is null
        ? LinuxWrite.SetModified(_handle, null, time.Seconds, time.Nanoseconds)
        : LinuxWrite.SetModified(_folder, _name, time.Seconds, time.Nanoseconds);

    /// <summary>Sets an attribute unless it has that value already, which also spares labels that only the system may set.</summary>
    /// <param name="lacksRoom">Whether it was refused for that alone.</param>
    public bool TrySetAttribute(byte[] name, byte[] value, out bool lacksRoom)
    {
        var terminated = LinuxWrite.Terminated(name);
        var isSet = HasAttribute(name, value) || 0 == (_processPath is null
            ? LinuxWrite.SetAttribute(_handle, terminated, value, value.Length, 0)
            : LinuxWrite.SetAttribute(_processPath, terminated, value, value.Length, 0));
        lacksRoom = !isSet && Marshal.GetLastPInvokeError() == LinuxErrno.NoSpace;
        return isSet;
    }

    public bool HasAttribute(byte[] name, byte[] value)
    {
        var terminated = LinuxWrite.Terminated(name);
        var current = new byte[value.Length + 1];
        var length = _processPath is null
            ? LinuxCalls.GetAttribute(_handle, terminated, current, (nuint)current.Length)
            : LinuxWrite.GetAttribute(_processPath, terminated, current, current.Length);
        return length == value.Length && current.AsSpan(0, value.Length).SequenceEqual(value);
    }

    /// <summary>Removes an attribute; true also where there was none or can be none.</summary>
    public bool TryRemoveAttribute(ReadOnlySpan<byte> name) =>
        _processPath is not null
        || LinuxWrite.RemoveAttribute(_handle, LinuxWrite.Terminated(name)) == 0
        || Marshal.GetLastPInvokeError() is LinuxErrno.NoData or LinuxErrno.NotSupported;

    /// <summary>Names of the attributes that a file or folder has; none where the file system keeps none.</summary>
    public IReadOnlyList<byte[]> ListAttributes()
    {
        // Asked for the length first: most have none.
        if (LinuxCalls.ListAttributes(_handle, [], 0) <= 0)
        {
            return [];
        }

        const int largestList = 65536;
        var buffer = new byte[largestList];
        var length = (int)LinuxCalls.ListAttributes(_handle, buffer, largestList);
        var names = new List<byte[]>();
        foreach (var range in buffer.AsSpan(0, Math.Max(0, length)).Split((byte)0))
        {
            if (range.End.Value > range.Start.Value)
            {
                names.Add(buffer[range]);
            }
        }

        return names;
    }

    public void Dispose()
    {
        if (_ownsHandle)
        {
            _handle.Dispose();
        }
    }
}
