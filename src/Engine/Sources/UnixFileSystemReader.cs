using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>Reads the file systems of Linux and macOS by raw names relative to open folders.</summary>
internal sealed class UnixFileSystemReader : FileSystemReader
{
    private const int NoEntry = 2;
    private const int NotDirectory = 20;

    /// <summary>Far below the usual limit of 1,024 descriptors a process; macOS's 256 leave room too.</summary>
    private const int MaxOpenFolders = 128;

    /// <summary>What one read takes whole needs no reading ahead.</summary>
    private const int MinAdvisedBytes = 1024 * 1024;

    private readonly UnixFiles _files = UnixFiles.Create();
    private readonly UnixFolderPool _folders;
    private readonly UnixFileSystemTraits _traits;
    private readonly UnixAccounts _accounts = new();
    private Owner? _lastOwner;

    public UnixFileSystemReader(ChangeTimeTrust trust)
    {
        _folders = new UnixFolderPool(_files, MaxOpenFolders);
        _traits = new UnixFileSystemTraits(trust);
    }

    public override NameOrigin Origin => NameOrigin.UnixBytes;

    public override bool IgnoresCase => _files.IgnoresCase;

    public override bool KnowsFoldersAgain => true;

    public override ResolvedRoot Resolve(FileSystemRoot root)
    {
        var realPath = _files.RealPath(root.Path) ?? throw Refuse(root);
        var cut = realPath.AsSpan().LastIndexOf((byte)'/');
        var parent = cut == 0 ? "/"u8.ToArray() : realPath[..cut];
        var name = realPath.Length == 1 ? "."u8.ToArray() : realPath[(cut + 1)..];
        using var place = _files.OpenPlace(parent) ?? throw Refuse(root);
        if (!_files.Stat(place, out var parentStat) || !_files.Stat(place, name, out var stat))
        {
            throw Refuse(root);
        }

        if (stat.Kind is EntryKind.Directory or EntryKind.File)
        {
            using var readable = _files.OpenContent(place, name) ?? throw Refuse(root);
        }

        return new ResolvedRoot(new FolderNode(null, parent, parentStat.Device, parentStat.Inode), name, EntryName.ToDisplay(realPath));
    }

    public override (ulong DeviceId, ulong FileId, string RealPath)? Identify(string folder)
    {
        using var handle = _files.OpenPlace(Encoding.UTF8.GetBytes(folder));
        return handle is not null && _files.Stat(handle, out var stat) && _files.RealPath(folder) is { } path
            ? (stat.Device, stat.Inode, EntryName.ToDisplay(path))
            : null;
    }

    public override void List(FolderNode folder, NameList names)
    {
        using var lease = _folders.Borrow(folder);
        if (!_files.List(lease.Handle, names))
        {
            throw _files.ForFolder(folder.Display());
        }
    }

    public override EntryStat Stat(FolderNode folder, ReadOnlySpan<byte> name)
    {
        using var lease = _folders.Borrow(folder);
        if (!_files.Stat(lease.Handle, name, out var stat))
        {
            throw _files.ForEntry(folder.Display(name));
        }

        if (!_traits.Knows(stat.Device))
        {
            // Only a folder can be the first sight of another file system.
            _traits.Learn(stat.Device, _files.TrustOf(lease.Handle, stat.Kind == EntryKind.Directory ? name.ToArray() : null));
        }

        return ToEntryStat(stat);
    }

    public override EntryMetadata ReadMetadata(FolderNode folder, byte[] name, in EntryStat stat, out SourceFault? fault)
    {
        using var lease = _folders.Borrow(folder);
        byte[]? target = null;
        if (stat.Kind == EntryKind.SymbolicLink && (target = _files.ReadLink(lease.Handle, name)) is null)
        {
            throw _files.ForEntry(folder.Display(name));
        }

        var attributes = _files.ReadAttributes(lease.Handle, name, stat.Kind, out var failure);
        fault = failure is null ? null : new SourceFault(FaultCodes.AttributeUnreadable, folder.Display(name), failure);
        IReadOnlyList<FileExtent> holes = [];
        if (stat.IsSparse && _files.OpenContent(lease.Handle, name) is { } handle)
        {
            using (handle)
            {
                holes = UnixHoles.Find(_files, handle, stat.SizeBytes);
            }
        }

        return ToMetadata(stat) with { LinkTarget = target, ExtendedAttributes = attributes, Holes = holes };
    }

    public override EntryMetadata? TryDescribe(in EntryStat stat) =>
        stat.Kind == EntryKind.Directory || (stat.Kind == EntryKind.File && !stat.IsSparse) ? ToMetadata(stat) : null;

    public override SourceContent Open(FileSystemEntry entry)
    {
        using var lease = _folders.Borrow(entry.Folder);
        var handle = _files.OpenContent(lease.Handle, entry.RealName);
        if (handle is null)
        {
            throw _files.IsNoFile(UnixFiles.LastError) ? Changed(entry) : _files.ForEntry(entry.DisplayPath);
        }

        try
        {
            var stat = StatOpen(handle, entry);

            // A file that was replaced as a whole may be taken as it is now, unless other names refer to what it was.
            if (stat.Kind != EntryKind.File || (entry.Stat.LinkCount > 1 && entry.Stat.HasStableIdentity && !stat.IsSameFileAs(entry.Stat)))
            {
                throw Changed(entry);
            }

            var attributes = _files.ReadAttributes(handle, out var failure);
            var holes = stat.IsSparse ? UnixHoles.Find(_files, handle, stat.SizeBytes) : [];
            if (stat.SizeBytes >= MinAdvisedBytes)
            {
                _files.AdviseSequential(handle);
            }

            var metadata = ToMetadata(stat);
            if (attributes.Count > 0 || holes.Count > 0)
            {
                metadata = metadata with { ExtendedAttributes = attributes, Holes = holes };
            }

            return new HandleContent(handle, entry, stat, metadata, StatOpen)
            {
                AttributeFault = failure is null ? null : new SourceFault(FaultCodes.AttributeUnreadable, entry.DisplayPath, failure),
            };
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
        using var handle = _files.OpenContent(lease.Handle, name);
        if (handle is null)
        {
            throw _files.ForEntry(folder.Display(name));
        }

        return StatOpen(handle, folder.Display(name)).Kind == EntryKind.File ? HandleContent.ReadHead(handle, folder.Display(name), maxBytes) : null;
    }

    protected override void Dispose(bool disposing) => _folders.Dispose();

    private static SourceFaultException Changed(FileSystemEntry entry) => new(new SourceFault(
        FaultCodes.EntryChanged, entry.DisplayPath, "Something else took its place after it was listed."));

    private static RequestException Refuse(FileSystemRoot root) => UnixFiles.LastError is var error && error is NoEntry or NotDirectory
        ? new RequestException(FaultCodes.SourceRootMissing, $"'{root.Path}' does not exist.")
        : new RequestException(FaultCodes.SourceRootUnreadable, $"'{root.Path}' cannot be read: {UnixFiles.Describe(error)}.");

    private EntryStat StatOpen(SafeFileHandle handle, FileSystemEntry entry) =>
        _files.Stat(handle, out var stat) ? ToEntryStat(stat) : throw _files.ForEntry(entry.DisplayPath);

    private EntryStat StatOpen(SafeFileHandle handle, string path)
    {
        if (!_files.Stat(handle, out var stat))
        {
            throw _files.ForEntry(path);
        }

        return ToEntryStat(stat);
    }

    private EntryStat ToEntryStat(in UnixStat stat) => new()
    {
        Kind = stat.Kind,
        SizeBytes = stat.Kind == EntryKind.File ? stat.SizeBytes : 0,
        AllocatedBytes = stat.AllocatedBytes,
        ModifiedAt = stat.Modified,
        ChangedAt = stat.Changed,
        CreatedAt = stat.Created,
        DeviceId = stat.Device,
        FileId = stat.Inode,
        LinkCount = stat.LinkCount,
        HasStableIdentity = _traits.HasStableIdentity(stat.Device),
        TimeGranularity = _traits.Granularity(stat.Device, stat.Changed),
        Mode = (uint)(stat.Mode & UnixMode.PermissionMask),
        UserId = stat.UserId,
        GroupId = stat.GroupId,
        DeviceMajor = stat.SpecialMajor,
        DeviceMinor = stat.SpecialMinor,
    };

    private EntryMetadata ToMetadata(in EntryStat stat)
    {
        var owner = OwnerOf(stat.UserId!.Value, stat.GroupId!.Value);
        return new EntryMetadata
        {
            Kind = stat.Kind,
            SizeBytes = stat.SizeBytes,
            ModifiedAt = stat.ModifiedAt,
            CreatedAt = stat.CreatedAt,
            Mode = stat.Mode,
            UserId = stat.UserId,
            GroupId = stat.GroupId,
            UserName = owner.UserName,
            GroupName = owner.GroupName,
            DeviceMajor = stat.DeviceMajor,
            DeviceMinor = stat.DeviceMinor,
        };
    }

    /// <summary>Neighbours mostly have one owner.</summary>
    private Owner OwnerOf(uint user, uint group)
    {
        if (Volatile.Read(ref _lastOwner) is { } last && last.User == user && last.Group == group)
        {
            return last;
        }

        var owner = new Owner(user, group, _accounts.UserName(user), _accounts.GroupName(group));
        Volatile.Write(ref _lastOwner, owner);
        return owner;
    }

    private sealed record Owner(uint User, uint Group, string? UserName, string? GroupName);
}
