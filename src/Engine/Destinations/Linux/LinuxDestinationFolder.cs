using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Linux;

[SupportedOSPlatform("linux")]
internal sealed class LinuxDestinationFolder(SafeFileHandle folder, LinuxMetadataWriter metadata) : DestinationFolder
{
    private const uint OwnerOnlyFolder = 0x1C0; // 0700
    private const uint OwnerOnlyFile = 0x180; // 0600
    private const uint Permissions = 0x1FF; // 0777: neither set-id bits nor the sticky one

    private static readonly Lock LookAndRename = new();

    public override ExistingEntry? Look(byte[] name)
    {
        if (LinuxCalls.Stat(folder, name, out var status) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error == LinuxErrno.NoEntry ? null : throw LinuxFailure.From(error, "statx");
        }

        return ToExisting(status);
    }

    public override bool Lists(byte[] name)
    {
        using var readable = LinuxFailure.Checked(
            LinuxWrite.OpenAt(folder, LinuxWrite.Terminated("."u8), LinuxOpen.Directory | LinuxOpen.CloseOnExec, 0), "openat");
        var names = new NameList();
        var records = new byte[32 * 1024];
        int length;
        while ((length = LinuxCalls.ReadFolder(readable, records)) > 0)
        {
            LinuxFolderRecords.AddNames(records.AsSpan(0, length), names);
        }

        names.Sort();
        return names.Contains(name);
    }

    public override SafeFileHandle OpenToRead(byte[] name)
    {
        var flags = LinuxOpen.ReadOnly | LinuxOpen.NonBlocking | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;
        return LinuxFailure.Checked(LinuxWrite.OpenAt(folder, LinuxWrite.Terminated(name), flags, 0), "openat");
    }

    public override ExistingEntry LookAt(byte[] name, SafeFileHandle file)
    {
        LinuxFailure.ThrowIf(LinuxCalls.Stat(file, out var status), "statx");
        return ToExisting(status);
    }

    public override bool HasMetadata(byte[] name, DestinationEntry entry)
    {
        var wanted = entry.Metadata;
        try
        {
            if (wanted.Kind == EntryKind.SymbolicLink && LinuxCalls.ReadLink(folder, name)?.AsSpan().SequenceEqual(wanted.LinkTarget) != true)
            {
                return false;
            }

            using var file = wanted.Kind == EntryKind.File ? OpenToRead(name) : null;
            using var inode = OpenInode(name, file, wanted.Kind);
            return metadata.Has(inode, wanted);
        }
        catch (FolderException)
        {
            // What may not be looked at is set anew.
            return false;
        }
    }

    public override void MakeFolder(byte[] name)
    {
        LinuxFailure.ThrowIf(LinuxWrite.MakeDirectory(folder, LinuxWrite.Terminated(name), OwnerOnlyFolder), "mkdirat");
    }

    public override void MakeEnterable(byte[] name)
    {
        using var child = LinuxInode.OpenFolder(folder, name);
        var status = child.Status();
        var mode = status.Mode & 0xFFFu;
        if ((mode & OwnerOnlyFolder) != OwnerOnlyFolder)
        {
            LinuxFailure.ThrowIf(child.ChangeMode(mode | OwnerOnlyFolder), "fchmod");
        }
    }

    public override SafeFileHandle MakeFile(byte[] name, long sizeBytes, bool isSparse, uint? mode = null)
    {
        const int flags = LinuxWrite.ReadWrite | LinuxWrite.Create | LinuxWrite.Exclusive | LinuxOpen.CloseOnExec;
        var file = LinuxFailure.Checked(LinuxWrite.OpenAt(folder, LinuxWrite.Terminated(name), flags | LinuxOpen.NoFollow, mode & Permissions ?? OwnerOnlyFile), "openat");
        if (sizeBytes > 0 && LinuxWrite.Truncate(file, sizeBytes) < 0)
        {
            var failure = LinuxFailure.From(Marshal.GetLastPInvokeError(), "ftruncate");
            file.Dispose();
            Remove(name);
            throw failure;
        }

        return file;
    }

    public override SafeFileHandle ReopenFile(byte[] name)
    {
        const int flags = LinuxWrite.ReadWrite | LinuxOpen.CloseOnExec;
        return LinuxFailure.Checked(LinuxWrite.OpenAt(folder, LinuxWrite.Terminated(name), flags | LinuxOpen.NoFollow, 0), "openat");
    }

    public override void MakeSpecial(byte[] name, DestinationEntry entry)
    {
        var terminated = LinuxWrite.Terminated(name);
        if (entry.Metadata.Kind == EntryKind.SymbolicLink)
        {
            var target = entry.Metadata.LinkTarget ?? [];
            if (target.AsSpan().Contains((byte)0))
            {
                throw new FolderException(FolderError.Refused, "the target of the link holds a NUL");
            }

            LinuxFailure.ThrowIf(LinuxWrite.MakeSymlink(LinuxWrite.Terminated(target), folder, terminated), "symlinkat");
            return;
        }

        var format = entry.Metadata.Kind switch
        {
            EntryKind.Fifo => UnixMode.Fifo,
            EntryKind.Socket => UnixMode.Socket,
            EntryKind.CharacterDevice => UnixMode.CharacterDevice,
            EntryKind.BlockDevice => UnixMode.BlockDevice,
            _ => throw new ArgumentOutOfRangeException(nameof(entry)),
        };
        var made = LinuxWrite.MakeNode(folder, terminated, (uint)format | OwnerOnlyFile, entry.Metadata.DeviceMajor, entry.Metadata.DeviceMinor);
        LinuxFailure.ThrowIf(made, "mknodat");
    }

    public override void MakeHardLink(byte[] name, DestinationFolder targetFolder, byte[] targetName)
    {
        var from = ((LinuxDestinationFolder)targetFolder).Handle;
        LinuxFailure.ThrowIf(LinuxWrite.Link(from, LinuxWrite.Terminated(targetName), folder, LinuxWrite.Terminated(name), 0), "linkat");
    }

    public override void Move(byte[] from, byte[] to, bool replace)
    {
        var (source, target) = (LinuxWrite.Terminated(from), LinuxWrite.Terminated(to));
        if (LinuxWrite.Rename(folder, source, target, replace ? 0 : LinuxWrite.RenameNoReplace) >= 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        if (replace || error is not (LinuxErrno.Invalid or LinuxErrno.NoSystemCall))
        {
            throw LinuxFailure.From(error, "renameat2");
        }

        // Network and FUSE file systems without the flag: look, then rename. Only a stranger can come between.
        lock (LookAndRename)
        {
            if (Look(to) is not null)
            {
                throw LinuxFailure.From(LinuxErrno.Exists, "renameat2");
            }

            LinuxFailure.ThrowIf(LinuxWrite.Rename(folder, source, target, 0), "renameat2");
        }
    }

    public override void Remove(byte[] name) =>
        LinuxFailure.ThrowIf(LinuxWrite.Unlink(folder, LinuxWrite.Terminated(name), 0), "unlinkat");

    public override void RemoveFolder(byte[] name) =>
        LinuxFailure.ThrowIf(LinuxWrite.Unlink(folder, LinuxWrite.Terminated(name), LinuxWrite.RemoveDirectory), "unlinkat");

    /// <summary>To read: syncfs takes no handle that stands for a place alone.</summary>
    public override SafeFileHandle? TryOpenToFlush(byte[]? name)
    {
        var flags = LinuxOpen.Directory | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;
        var handle = LinuxWrite.OpenAt(folder, LinuxWrite.Terminated(name ?? "."u8), flags, 0);
        if (!handle.IsInvalid)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    public override AppliedMetadata ApplyMetadata(byte[] name, SafeFileHandle? file, DestinationEntry entry)
    {
        using var inode = OpenInode(name, file, entry.Metadata.Kind);
        var status = inode.Status();
        return new AppliedMetadata(metadata.Apply(inode, status, entry.Metadata), ToExisting(status));
    }

    public override bool TryReadStream(byte[] name, AlternateStream stream, long offset, Span<byte> bytes) => false;

    public override bool TryWriteStream(byte[] name, AlternateStream stream, long offset, ReadOnlySpan<byte> bytes) => false;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            folder.Dispose();
        }
    }

    private SafeFileHandle Handle => folder;

    private LinuxInode OpenInode(byte[] name, SafeFileHandle? file, EntryKind kind) => file is not null ? LinuxInode.OfOpenFile(folder, name, file)
        : kind == EntryKind.Directory ? LinuxInode.OpenFolder(folder, name)
        : LinuxInode.OpenPathOnly(folder, name);

    private static ExistingEntry ToExisting(LinuxStat status) =>
        new(UnixMode.KindOf(status.Mode), status.Device, status.Inode, status.SizeBytes, status.Modified.ToTimestamp())
        {
            ChangedAt = status.Changed.ToTimestamp(),
            LinkCount = status.LinkCount,
            IsMountPoint = status.IsMountPoint,
        };
}
