using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>Reads Linux file systems by raw names relative to open folders. Needs <c>/proc</c> for the attributes of entries that it does not open.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxFileSystemReader(ChangeTimeTrust trust) : FileSystemReader
{
    /// <summary>Far below the usual limit of 1,024 descriptors a process.</summary>
    private const int MaxOpenFolders = 128;

    private const int RecordBufferBytes = 32 * 1024;
    private const int ContentFlags = LinuxOpen.ReadOnly | LinuxOpen.NonBlocking | LinuxOpen.CloseOnExec;

    private readonly LinuxFolderPool _folders = new(MaxOpenFolders);
    private readonly LinuxFileSystemTraits _traits = new(trust);
    private readonly UnixAccounts _accounts = new();

    public override NameOrigin Origin => NameOrigin.UnixBytes;

    public override bool IgnoresCase => false;

    public override ResolvedRoot Resolve(FileSystemRoot root)
    {
        var descriptor = LinuxCalls.Open(Encoding.UTF8.GetBytes(root.Path), LinuxOpen.PathOnly | LinuxOpen.CloseOnExec);
        if (descriptor < 0)
        {
            throw Refuse(root, LinuxCalls.LastError);
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        var realPath = RealPath(handle) ?? throw Refuse(root, LinuxCalls.LastError);
        var cut = realPath.AsSpan().LastIndexOf((byte)'/');
        var parent = cut == 0 ? "/"u8.ToArray() : realPath[..cut];
        var name = realPath.Length == 1 ? "."u8.ToArray() : realPath[(cut + 1)..];
        if (LinuxCalls.Stat(parent, out var parentStat) != 0 || LinuxCalls.Stat(handle, out var stat) != 0)
        {
            throw Refuse(root, LinuxCalls.LastError);
        }

        var folder = new FolderNode(null, parent, parentStat.Device, parentStat.Inode);
        RequireReadable(root, folder, name, stat.TypeBits);
        return new ResolvedRoot(folder, name, EntryName.ToDisplay(realPath));
    }

    public override (ulong DeviceId, ulong FileId, string RealPath)? Identify(string folder)
    {
        var descriptor = LinuxCalls.Open(Encoding.UTF8.GetBytes(folder), LinuxOpen.PathOnly | LinuxOpen.Directory | LinuxOpen.CloseOnExec);
        if (descriptor < 0)
        {
            return null;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        return LinuxCalls.Stat(handle, out var stat) == 0 && RealPath(handle) is { } path
            ? (stat.Device, stat.Inode, EntryName.ToDisplay(path))
            : null;
    }

    public override void List(FolderNode folder, NameList names)
    {
        using var lease = _folders.Borrow(folder);
        using var buffer = OwnedBuffer.Rent(RecordBufferBytes);
        LinuxCalls.Seek(lease.Handle, 0, whence: 0);
        for (int length; (length = LinuxCalls.ReadFolder(lease.Handle, buffer.Span)) != 0;)
        {
            if (length < 0)
            {
                throw LinuxFaults.ForFolder(LinuxCalls.LastError, folder.Display());
            }

            LinuxFolderRecords.AddNames(buffer.Span[..length], names);
        }
    }

    public override EntryStat Stat(FolderNode folder, ReadOnlySpan<byte> name)
    {
        using var lease = _folders.Borrow(folder);
        if (LinuxCalls.Stat(lease.Handle, name, out var stat) != 0)
        {
            throw LinuxFaults.ForEntry(LinuxCalls.LastError, folder.Display(name));
        }

        if (!_traits.Knows(stat.Device))
        {
            LearnDevice(lease.Handle, name, stat);
        }

        return ToEntryStat(stat);
    }

    public override EntryMetadata ReadMetadata(FolderNode folder, byte[] name, in EntryStat stat, out SourceFault? fault)
    {
        using var lease = _folders.Borrow(folder);
        byte[]? target = null;
        if (stat.Kind == EntryKind.SymbolicLink && (target = LinuxCalls.ReadLink(lease.Handle, name)) is null)
        {
            throw LinuxFaults.ForEntry(LinuxCalls.LastError, folder.Display(name));
        }

        var attributes = LinuxAttributes.Read(ProcPath(lease.Descriptor, name), out var failure);
        fault = failure is null ? null : new SourceFault(FaultCodes.AttributeUnreadable, folder.Display(name), failure);
        IReadOnlyList<FileExtent> holes = [];
        if (stat.IsSparse && TryOpen(lease.Handle, name) is { } handle)
        {
            using (handle)
            {
                holes = LinuxHoles.Find(handle, stat.SizeBytes);
            }
        }

        return ToMetadata(stat) with { LinkTarget = target, ExtendedAttributes = attributes, Holes = holes };
    }

    public override SourceContent Open(FileSystemEntry entry)
    {
        using var lease = _folders.Borrow(entry.Folder);
        var handle = TryOpen(lease.Handle, entry.RealName);
        if (handle is null)
        {
            throw LinuxCalls.LastError is LinuxErrno.TooManyLinks or LinuxErrno.NoDevice ? Changed(entry) : LinuxFaults.ForEntry(LinuxCalls.LastError, entry.DisplayPath);
        }

        try
        {
            var stat = StatOpen(handle, entry.DisplayPath);

            // A file that was replaced as a whole may be taken as it is now, unless other names refer to what it was.
            if (stat.Kind != EntryKind.File || (entry.Stat.LinkCount > 1 && entry.Stat.HasStableIdentity && !stat.IsSameFileAs(entry.Stat)))
            {
                throw Changed(entry);
            }

            var attributes = LinuxAttributes.Read(handle, out _);
            var holes = stat.IsSparse ? LinuxHoles.Find(handle, stat.SizeBytes) : [];
            LinuxCalls.AdviseSequential(handle);
            var metadata = ToMetadata(stat) with { ExtendedAttributes = attributes, Holes = holes };
            return new HandleContent(handle, entry.DisplayPath, stat, metadata, StatOpen);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override SourceContent OpenStream(FileSystemEntry entry, AlternateStream stream) =>
        throw new InvalidOperationException("Files have no alternate streams on this platform.");

    public override byte[]? ReadHead(FolderNode folder, ReadOnlySpan<byte> name, int maxBytes)
    {
        using var lease = _folders.Borrow(folder);
        using var handle = TryOpen(lease.Handle, name);
        if (handle is null)
        {
            throw LinuxFaults.ForEntry(LinuxCalls.LastError, folder.Display(name));
        }

        return StatOpen(handle, folder.Display(name)).Kind == EntryKind.File ? HandleContent.ReadHead(handle, folder.Display(name), maxBytes) : null;
    }

    protected override void Dispose(bool disposing) => _folders.Dispose();

    private static SourceFaultException Changed(FileSystemEntry entry) => new(new SourceFault(
        FaultCodes.EntryChanged, entry.DisplayPath, "Something else took its place after it was listed."));

    private static RequestException Refuse(FileSystemRoot root, int error) => error is LinuxErrno.NoEntry or LinuxErrno.NotDirectory
        ? new RequestException(FaultCodes.SourceRootMissing, $"'{root.Path}' does not exist.")
        : new RequestException(FaultCodes.SourceRootUnreadable, $"'{root.Path}' cannot be read: {LinuxCalls.Describe(error)}.");

    private void RequireReadable(FileSystemRoot root, FolderNode folder, byte[] name, int type)
    {
        if (type is not (LinuxMode.Directory or LinuxMode.File))
        {
            return;
        }

        using var lease = _folders.Borrow(folder);
        using var handle = TryOpen(lease.Handle, name);
        if (handle is null)
        {
            throw Refuse(root, LinuxCalls.LastError);
        }
    }

    private static SafeFileHandle? TryOpen(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var flags = ContentFlags | LinuxOpen.NoFollow;
        var descriptor = LinuxCalls.OpenAt(folder, name, flags | LinuxOpen.NoAccessTime);
        if (descriptor < 0 && LinuxCalls.LastError == LinuxErrno.NotPermitted)
        {
            // Only the owner may leave the access time alone.
            descriptor = LinuxCalls.OpenAt(folder, name, flags);
        }

        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private EntryStat StatOpen(SafeFileHandle handle, string path)
    {
        if (LinuxCalls.Stat(handle, out var stat) != 0)
        {
            throw LinuxFaults.ForEntry(LinuxCalls.LastError, path);
        }

        return ToEntryStat(stat);
    }

    private void LearnDevice(SafeFileHandle folder, ReadOnlySpan<byte> name, in LinuxStat stat)
    {
        // Only a folder can be the first sight of another file system; its own descriptor says which.
        var descriptor = stat.TypeBits == LinuxMode.Directory
            ? LinuxCalls.OpenAt(folder, name, LinuxOpen.PathOnly | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec)
            : -1;
        using var own = descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        _traits.Learn(stat.Device, own ?? folder);
    }

    private EntryStat ToEntryStat(in LinuxStat stat)
    {
        var changedAt = stat.Changed.ToTimestamp();
        return new EntryStat
        {
            Kind = KindOf(stat.TypeBits),
            SizeBytes = stat.TypeBits == LinuxMode.File ? stat.SizeBytes : 0,
            AllocatedBytes = stat.AllocatedBytes,
            ModifiedAt = stat.Modified.ToTimestamp(),
            ChangedAt = changedAt,
            DeviceId = stat.Device,
            FileId = stat.Inode,
            LinkCount = stat.LinkCount,
            HasStableIdentity = _traits.HasStableIdentity(stat.Device),
            TimeGranularity = _traits.Granularity(stat.Device, changedAt),
            Mode = (uint)(stat.Mode & LinuxMode.PermissionMask),
            UserId = stat.UserId,
            GroupId = stat.GroupId,
            DeviceMajor = stat.SpecialMajor,
            DeviceMinor = stat.SpecialMinor,
        };
    }

    private EntryMetadata ToMetadata(in EntryStat stat) => new()
    {
        Kind = stat.Kind,
        SizeBytes = stat.SizeBytes,
        ModifiedAt = stat.ModifiedAt,
        Mode = stat.Mode,
        UserId = stat.UserId,
        GroupId = stat.GroupId,
        UserName = _accounts.UserName(stat.UserId!.Value),
        GroupName = _accounts.GroupName(stat.GroupId!.Value),
        DeviceMajor = stat.DeviceMajor,
        DeviceMinor = stat.DeviceMinor,
    };

    private static EntryKind KindOf(int type) => type switch
    {
        LinuxMode.Directory => EntryKind.Directory,
        LinuxMode.SymbolicLink => EntryKind.SymbolicLink,
        LinuxMode.Fifo => EntryKind.Fifo,
        LinuxMode.Socket => EntryKind.Socket,
        LinuxMode.CharacterDevice => EntryKind.CharacterDevice,
        LinuxMode.BlockDevice => EntryKind.BlockDevice,
        _ => EntryKind.File,
    };

    private static byte[]? RealPath(SafeFileHandle handle) =>
        LinuxCalls.ReadLink(handle, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}")));

    private static byte[] ProcPath(int descriptor, ReadOnlySpan<byte> name)
    {
        var prefix = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}/"));
        var path = new byte[prefix.Length + name.Length + 1];
        prefix.CopyTo(path, 0);
        name.CopyTo(path.AsSpan(prefix.Length));
        return path;
    }
}
