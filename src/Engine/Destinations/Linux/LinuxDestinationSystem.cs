using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Linux;

/// <summary>
/// A folder of Linux, entered relative to its open handle: by openat2, which refuses every link on the way, or where the kernel
/// or a sandbox lacks that call, component by component.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxDestinationSystem : DestinationSystem
{
    private readonly SafeFileHandle _root;
    private readonly LinuxMetadataWriter _metadata;
    private readonly DropBehind _behind = new();
    private readonly bool _isAdministrator;
    private volatile bool _hasOpenBeneath;

    public LinuxDestinationSystem(string path, DestinationOptions options, bool usesOpenBeneath = true)
    {
        var bytes = LinuxWrite.Terminated(System.Text.Encoding.UTF8.GetBytes(path));
        _root = LinuxFailure.Checked(LinuxWrite.Open(bytes, LinuxOpen.Directory | LinuxOpen.CloseOnExec), "open");
        _isAdministrator = LinuxWrite.EffectiveUser() == 0;
        _hasOpenBeneath = usesOpenBeneath;
        _metadata = new LinuxMetadataWriter(options, _isAdministrator);
        MayMakeDevices = _isAdministrator && options.RestoreOwner != false;
    }

    public override NameHost Names => NameHost.Linux;

    private bool MayMakeDevices { get; }

    public override bool CanMake(EntryKind kind) => kind switch
    {
        EntryKind.CharacterDevice or EntryKind.BlockDevice => MayMakeDevices,
        EntryKind.ReparsePoint => false,
        _ => Enum.IsDefined(kind),
    };

    public override DestinationFolder OpenFolder(IReadOnlyList<byte[]> components)
    {
        var flags = LinuxOpen.PathOnly | LinuxOpen.CloseOnExec | LinuxOpen.Directory;
        if (components.Count == 0)
        {
            return new LinuxDestinationFolder(LinuxFailure.Checked(LinuxWrite.OpenAt(_root, LinuxWrite.Terminated("."u8), flags, 0), "open"), _metadata);
        }

        var (path, entered) = NextStretch(components, 0);
        var folder = Enter(_root, path, flags | LinuxOpen.NoFollow);
        while (entered < components.Count)
        {
            (path, var count) = NextStretch(components, entered);
            using var parent = folder;
            folder = Enter(parent, path, flags | LinuxOpen.NoFollow);
            entered += count;
        }

        return new LinuxDestinationFolder(folder, _metadata);
    }

    public override void CheckWritable()
    {
        LinuxFailure.ThrowIf(LinuxWrite.Access(_root, LinuxWrite.Terminated("."u8), LinuxWrite.MayWrite | LinuxWrite.MaySearch, 0), "access");
    }

    public override unsafe void Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var written = LinuxWrite.Write(file, start + done, bytes.Length - done, offset + done);
                if (written < 0)
                {
                    var error = Marshal.GetLastPInvokeError();
                    if (error != LinuxErrno.Interrupted)
                    {
                        throw LinuxFailure.From(error, "pwrite");
                    }
                }
                else
                {
                    done += (int)written;
                }
            }
        }
    }

    /// <summary>.NET's own way asks of each new handle first whether it can seek.</summary>
    public override unsafe int Read(SafeFileHandle file, long offset, Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                var count = LinuxWrite.Read(file, start, bytes.Length, offset);
                if (count >= 0)
                {
                    return (int)count;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error != LinuxErrno.Interrupted)
                {
                    // What the disk does not give back is the disk's failure, and no other file would fare better on it.
                    throw new FolderException(FolderError.DeviceFailed, $"pread: {Marshal.GetPInvokeErrorMessage(error)}");
                }
            }
        }
    }

    public override void BeginSync(SafeFileHandle file, long offset, int lengthBytes, bool isEnd)
    {
        // Whole pages: the rest of the last one comes with the stretch behind it, where there is one.
        var start = offset / LinuxWrite.PageBytes * LinuxWrite.PageBytes;
        var end = (offset + lengthBytes + (isEnd ? LinuxWrite.PageBytes - 1 : 0)) / LinuxWrite.PageBytes * LinuxWrite.PageBytes;
        if (end > start)
        {
            LinuxWrite.BeginSync(file, start, end - start);
        }
    }

    public override void DropBehind(SafeFileHandle file, long offset, long lengthBytes) => _behind.Add(file, offset, lengthBytes);

    public override void EndDropBehind() => _behind.DropAll();

    public override void Sync(SafeFileHandle handle) => LinuxFailure.ThrowIf(LinuxWrite.SyncFileSystem(handle), "syncfs");

    public override void SyncAll() => LinuxWrite.SyncAll();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _behind.Dispose();
            _root.Dispose();
        }
    }

    /// <summary>As many components as one call takes: long paths are entered in several steps.</summary>
    private (byte[] Path, int Count) NextStretch(IReadOnlyList<byte[]> components, int start)
    {
        var (length, count) = (components[start].Length, 1);
        while (_hasOpenBeneath && start + count < components.Count && length + 1 + components[start + count].Length < LinuxWrite.MaxPathBytes)
        {
            length += 1 + components[start + count].Length;
            count++;
        }

        var path = new byte[length + 1];
        var at = 0;
        for (var i = start; i < start + count; i++)
        {
            components[i].CopyTo(path, at);
            at += components[i].Length;
            path[at++] = i < start + count - 1 ? (byte)'/' : (byte)0;
        }

        return (path, count);
    }

    private SafeFileHandle Enter(SafeFileHandle parent, byte[] path, int flags)
    {
        if (_hasOpenBeneath)
        {
            var handle = LinuxWrite.OpenBeneath(parent, path, flags & ~LinuxOpen.NoFollow);
            if (!handle.IsInvalid)
            {
                return handle;
            }

            // A sandbox that does not know the call says EPERM, which opening by path alone never does.
            var error = Marshal.GetLastPInvokeError();
            if (error is not (LinuxErrno.NoSystemCall or LinuxErrno.NotPermitted))
            {
                throw LinuxFailure.From(error, "openat2");
            }

            _hasOpenBeneath = false;
        }

        var components = path.AsSpan(0, path.Length - 1);
        var folder = parent;
        foreach (var range in components.Split((byte)'/'))
        {
            var name = LinuxWrite.Terminated(components[range]);
            var next = LinuxWrite.OpenAt(folder, name, flags, 0);
            var error = next.IsInvalid ? Explain(Marshal.GetLastPInvokeError(), folder, components[range]) : 0;
            if (folder != parent)
            {
                folder.Dispose();
            }

            if (next.IsInvalid)
            {
                throw LinuxFailure.From(error, "openat");
            }

            folder = next;
        }

        return folder;
    }

    /// <summary>A link is "not a directory" to a call that does not follow it.</summary>
    private static int Explain(int error, SafeFileHandle folder, ReadOnlySpan<byte> name) =>
        error == LinuxErrno.NotDirectory
        && LinuxCalls.Stat(folder, name, out var status) == 0
        && status.TypeBits == UnixMode.SymbolicLink ? LinuxErrno.TooManyLinks : error;
}

/// <summary>Error numbers in the terms of <see cref="FolderError"/>.</summary>
internal static class LinuxFailure
{
    public static FolderException From(int error, string call)
    {
        var kind = error switch
        {
            LinuxErrno.NoEntry => FolderError.NotFound,
            LinuxErrno.Exists => FolderError.Exists,
            LinuxErrno.TooManyLinks => FolderError.ThroughLink,
            LinuxErrno.NotDirectory => FolderError.NotAFolder,
            LinuxErrno.IsDirectory => FolderError.IsAFolder,
            LinuxErrno.NoSpace or LinuxErrno.QuotaExceeded => FolderError.NoSpace,
            LinuxErrno.ReadOnlyFileSystem => FolderError.ReadOnly,
            LinuxErrno.NameTooLong => FolderError.NameTooLong,
            LinuxErrno.Io => FolderError.DeviceFailed,
            _ => FolderError.Refused,
        };
        return new FolderException(kind, $"{call}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    public static void ThrowIf(int result, string call)
    {
        if (result < 0)
        {
            throw From(Marshal.GetLastPInvokeError(), call);
        }
    }

    public static SafeFileHandle Checked(SafeFileHandle handle, string call)
    {
        if (handle.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw From(error, call);
        }

        return handle;
    }
}
