using System.Collections.Concurrent;
using System.IO.Enumeration;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// Reads Windows file systems by <c>\\?\</c> paths. Links and junctions are read as such; reparse points that only change how data is
/// stored (compressed, deduplicated, in the cloud) are read as the files they stand for. Remote volumes look like local ones, so times
/// are never trusted closer than two seconds.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsFileSystemReader(ChangeTimeTrust trust) : FileSystemReader
{
    private const uint ReparseAttribute = 0x400;
    private const uint DirectoryAttribute = 0x10;
    private const uint SymbolicLinkTag = 0xA000000C;
    private const uint UnixSocketTag = 0x80000023;

    /// <summary>Set in tags of what stands for another name: links, junctions, mount points.</summary>
    private const uint SurrogateBit = 0x20000000;

    private readonly ConcurrentDictionary<ulong, bool> _stableByVolume = new();

    public override NameOrigin Origin => NameOrigin.Wtf8;

    public override bool IgnoresCase => true;

    /// <summary>They are listed by their paths, which a junction may have led elsewhere.</summary>
    public override bool KnowsFoldersAgain => false;

    public override ResolvedRoot Resolve(FileSystemRoot root)
    {
        using var handle = WindowsCalls.Open(WindowsPaths.Extended(root.Path), WindowsCalls.ReadAttributes, WindowsCalls.BackupSemantics);
        if (handle.IsInvalid || WindowsCalls.RealPath(handle) is not { } realPath)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error is WindowsCalls.FileNotFound or WindowsCalls.PathNotFound
                ? new RequestException(FaultCodes.SourceRootMissing, $"'{root.Path}' does not exist.")
                : new RequestException(FaultCodes.SourceRootUnreadable, $"'{root.Path}' cannot be read: {Marshal.GetPInvokeErrorMessage(error)}.");
        }

        var parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(realPath));
        var name = parent is null ? "." : Path.GetFileName(Path.TrimEndingDirectorySeparator(realPath));
        return new ResolvedRoot(new FolderNode(null, Wtf8.Encode(parent ?? realPath), 0, 0), Wtf8.Encode(name), realPath.Replace('\\', '/'));
    }

    public override (ulong DeviceId, ulong FileId, string RealPath)? Identify(string folder)
    {
        using var handle = WindowsCalls.Open(WindowsPaths.Extended(folder), WindowsCalls.ReadAttributes, WindowsCalls.BackupSemantics);
        return !handle.IsInvalid && WindowsCalls.RealPath(handle) is { } path && WindowsCalls.TryGetInfo<WindowsIdInfo>(handle, WindowsCalls.IdInfo, out var id)
            ? (id.Volume, WindowsPaths.FoldId(id), path.Replace('\\', '/'))
            : null;
    }

    public override void List(FolderNode folder, NameList names)
    {
        try
        {
            var options = new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false, ReturnSpecialDirectories = false };
            var found = new FileSystemEnumerable<string>(WindowsPaths.Of(folder), static (ref System.IO.Enumeration.FileSystemEntry entry) => entry.FileName.ToString(), options);
            foreach (var name in found.TakeWhile(_ => !names.IsFull))
            {
                names.Add(Wtf8.Encode(name));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var code = failure is DirectoryNotFoundException ? FaultCodes.EntryVanished : FaultCodes.DirectoryUnreadable;
            throw new SourceFaultException(new SourceFault(code, folder.Display(), failure.Message), failure);
        }
    }

    public override EntryStat Stat(FolderNode folder, ReadOnlySpan<byte> name)
    {
        var display = folder.Display(name);
        using var handle = OpenOrThrow(WindowsPaths.Of(folder, name), display, WindowsCalls.ReadAttributes, WindowsCalls.OpenReparsePoint);
        return Look(handle, display);
    }

    public override EntryMetadata ReadMetadata(FolderNode folder, byte[] name, in EntryStat stat, out SourceFault? fault)
    {
        var path = WindowsPaths.Of(folder, name);
        var display = folder.Display(name);
        fault = null;
        byte[]? security = null;
        byte[]? reparse = null;
        using (var handle = WindowsCalls.Open(
            path, WindowsCalls.ReadAttributes | WindowsCalls.ReadControl, WindowsCalls.BackupSemantics | WindowsCalls.OpenReparsePoint))
        {
            var error = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
            security = handle.IsInvalid ? null : WindowsCalls.ReadSecurity(handle, out error);
            reparse = handle.IsInvalid || stat.Kind is not (EntryKind.SymbolicLink or EntryKind.ReparsePoint) ? null : WindowsReparse.Read(handle);
            if (security is null)
            {
                fault = new SourceFault(FaultCodes.AttributeUnreadable, display, $"The security descriptor: {Marshal.GetPInvokeErrorMessage(error)}");
            }
        }

        var metadata = ToMetadata(stat) with { SecurityDescriptor = security, ReparseData = reparse };
        if (stat.Kind == EntryKind.SymbolicLink)
        {
            return metadata with { LinkTarget = reparse is null ? null : WindowsReparse.TargetOf(reparse) };
        }

        return stat.Kind is EntryKind.File or EntryKind.Directory
            ? metadata with { AlternateStreams = WindowsPaths.StreamsOf(path), Holes = stat.IsSparse ? HolesOf(path, stat.SizeBytes) : [] }
            : metadata;
    }

    public override SourceContent Open(FileSystemEntry entry)
    {
        var handle = OpenOrThrow(WindowsPaths.Of(entry.Folder, entry.RealName), entry.DisplayPath, WindowsCalls.GenericRead, ContentFlags(entry.Stat));
        try
        {
            var stat = Look(handle, entry);
            if (stat.Kind != EntryKind.File || (entry.Stat.LinkCount > 1 && entry.Stat.HasStableIdentity && !stat.IsSameFileAs(entry.Stat)))
            {
                throw new SourceFaultException(new SourceFault(
                    FaultCodes.EntryChanged, entry.DisplayPath, "Something else took its place after it was listed."));
            }

            var holes = stat.IsSparse ? WindowsHoles.Find(handle, stat.SizeBytes) : [];
            var metadata = entry.Metadata with
            {
                SizeBytes = stat.SizeBytes,
                ModifiedAt = stat.ModifiedAt,
                CreatedAt = stat.CreatedAt,
                WindowsAttributes = stat.WindowsAttributes,
                Holes = holes,
            };
            return new HandleContent(handle, entry, stat, metadata, Look);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override SourceContent OpenStream(FileSystemEntry entry, AlternateStream stream)
    {
        var path = $"{WindowsPaths.Of(entry.Folder, entry.RealName)}:{Wtf8.Decode(stream.Name)}";
        var handle = OpenOrThrow(path, entry.DisplayPath, WindowsCalls.GenericRead, ContentFlags(entry.Stat));
        try
        {
            var stat = Look(handle, entry.DisplayPath);
            return new HandleContent(handle, entry, stat, new EntryMetadata { Kind = EntryKind.File, SizeBytes = stat.SizeBytes }, Look);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override byte[]? ReadHead(FolderNode folder, ReadOnlySpan<byte> name, int maxBytes)
    {
        var display = folder.Display(name);
        using var handle = OpenOrThrow(WindowsPaths.Of(folder, name), display, WindowsCalls.GenericRead, WindowsCalls.OpenReparsePoint);
        return Look(handle, display).Kind == EntryKind.File ? HandleContent.ReadHead(handle, display, maxBytes) : null;
    }

    protected override void Dispose(bool disposing)
    {
        // Nothing stays open between calls.
    }

    private static uint ContentFlags(in EntryStat stat) =>
        WindowsCalls.SequentialScan | (stat.ReparseTag == 0 ? WindowsCalls.OpenReparsePoint : 0);

    private static IReadOnlyList<FileExtent> HolesOf(string path, long sizeBytes)
    {
        using var handle = WindowsCalls.Open(path, WindowsCalls.GenericRead, WindowsCalls.BackupSemantics | WindowsCalls.OpenReparsePoint);
        return handle.IsInvalid ? [] : WindowsHoles.Find(handle, sizeBytes);
    }

    private static SafeFileHandle OpenOrThrow(string path, string display, uint access, uint flags)
    {
        var handle = WindowsCalls.Open(path, access, WindowsCalls.BackupSemantics | flags);
        if (!handle.IsInvalid)
        {
            return handle;
        }

        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw Fault(error, display);
    }

    private static SourceFaultException Fault(int error, string display) => new(new SourceFault(
        WindowsFaults.CodeOf(error),
        display,
        Marshal.GetPInvokeErrorMessage(error)));

    private EntryStat Look(SafeFileHandle handle, FileSystemEntry entry) => Look(handle, entry.DisplayPath);

    private EntryStat Look(SafeFileHandle handle, string display)
    {
        if (!WindowsCalls.TryGetInfo<WindowsBasicInfo>(handle, WindowsCalls.BasicInfo, out var basic)
            || !WindowsCalls.TryGetInfo<WindowsStandardInfo>(handle, WindowsCalls.StandardInfo, out var standard))
        {
            throw Fault(Marshal.GetLastPInvokeError(), display);
        }

        // FAT and some servers know neither id nor tag.
        var hasId = WindowsCalls.TryGetInfo<WindowsIdInfo>(handle, WindowsCalls.IdInfo, out var id);
        WindowsCalls.TryGetInfo<WindowsTagInfo>(handle, WindowsCalls.AttributeTagInfo, out var tag);
        var isStable = hasId && trust switch
        {
            ChangeTimeTrust.Always => true,
            ChangeTimeTrust.Never => false,
            _ => _stableByVolume.GetOrAdd(id.Volume, static (_, handle) => WindowsCalls.FileSystemName(handle) is "NTFS" or "ReFS", handle),
        };
        var kind = KindOf(basic.Attributes, tag.ReparseTag);
        return new EntryStat
        {
            Kind = kind,
            SizeBytes = kind == EntryKind.File ? standard.SizeBytes : 0,
            AllocatedBytes = (basic.Attributes & WindowsHoles.SparseAttribute) != 0 ? standard.AllocatedBytes : standard.SizeBytes,
            ModifiedAt = WindowsPaths.ToTimestamp(basic.Written),
            ChangedAt = WindowsPaths.ToTimestamp(basic.Changed),
            CreatedAt = WindowsPaths.ToTimestamp(basic.Created),
            DeviceId = id.Volume,
            FileId = WindowsPaths.FoldId(id),
            LinkCount = standard.LinkCount,
            HasStableIdentity = isStable,
            TimeGranularity = TimeSpan.FromSeconds(2),
            WindowsAttributes = basic.Attributes,
            ReparseTag = tag.ReparseTag,
        };
    }

    private static EntryKind KindOf(uint attributes, uint tag) => (attributes & ReparseAttribute) switch
    {
        not 0 when tag == SymbolicLinkTag => EntryKind.SymbolicLink,
        not 0 when tag == UnixSocketTag => EntryKind.Socket,
        not 0 when (tag & SurrogateBit) != 0 => EntryKind.ReparsePoint,
        _ => (attributes & DirectoryAttribute) != 0 ? EntryKind.Directory : EntryKind.File,
    };

    private static EntryMetadata ToMetadata(in EntryStat stat) => new()
    {
        Kind = stat.Kind,
        SizeBytes = stat.SizeBytes,
        ModifiedAt = stat.ModifiedAt,
        CreatedAt = stat.CreatedAt,
        WindowsAttributes = stat.WindowsAttributes,
    };
}
