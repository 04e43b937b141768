using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Destinations;

/// <summary>What one operating system does for <see cref="FileSystemDestination"/>. All failures are <see cref="FolderException"/>.</summary>
internal abstract class DestinationSystem : IDisposable
{
    public abstract NameHost Names { get; }

    public abstract bool CanMake(EntryKind kind);

    /// <summary>Opens a folder of the destination by its components (none: the destination itself), through no link.</summary>
    public abstract DestinationFolder OpenFolder(IReadOnlyList<byte[]> components);

    /// <summary>Whether this account may write into the destination's top folder; asked, not tried.</summary>
    public abstract void CheckWritable();

    /// <summary>Writes all bytes at an offset of an open file.</summary>
    public abstract void Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Reads what there is at an offset of an open file, 0 at its end.</summary>
    public virtual int Read(SafeFileHandle file, long offset, Span<byte> bytes)
    {
        try
        {
            return RandomAccess.Read(file, bytes, offset);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What the disk does not give back is the disk's failure, and no other file would fare better on it.
            throw new FolderException(FolderError.DeviceFailed, failure.Message);
        }
    }

    /// <summary>Lets the disk begin with a stretch that was written, without waiting for it; nothing where the system cannot be asked to.</summary>
    /// <param name="isEnd">No stretch comes behind it.</param>
    public virtual void BeginSync(SafeFileHandle file, long offset, int lengthBytes, bool isEnd)
    {
    }

    /// <summary>
    /// The page cache may let go of a stretch that was read back and that the disk has begun to write; nothing where the system cannot be asked to. The file may be closed and moved after that.
    /// </summary>
    public virtual void DropBehind(SafeFileHandle file, long offset, long lengthBytes)
    {
    }

    /// <summary>Closes what <see cref="DropBehind"/> has open: before a file is removed, so that its room is free at once.</summary>
    public virtual void EndDropBehind()
    {
    }

    /// <summary>Brings everything written to the file system of a handle of <see cref="DestinationFolder.TryOpenToFlush"/> to the disk.</summary>
    public abstract void Sync(SafeFileHandle handle);

    /// <summary>The same for every file system of this machine, where they cannot be asked one by one.</summary>
    public abstract void SyncAll();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>An open folder. Names are single components that <see cref="NameRules"/> let pass; no member follows a link.</summary>
internal abstract class DestinationFolder : IDisposable
{
    /// <summary>What stands under a name; null where nothing does.</summary>
    public abstract ExistingEntry? Look(byte[] name);

    /// <summary>Whether the folder lists exactly these bytes as a name: a file system that folds case finds a file under names that it does not have.</summary>
    public abstract bool Lists(byte[] name);

    /// <summary>Opens a file to read it, through no link and without waiting for a pipe's other end.</summary>
    public abstract SafeFileHandle OpenToRead(byte[] name);

    /// <summary>What stands behind a handle of <see cref="OpenToRead"/>.</summary>
    public abstract ExistingEntry LookAt(byte[] name, SafeFileHandle file);

    /// <summary>Whether what stands there has the attributes, the link target or the device number of the entry; content is not looked at.</summary>
    public abstract bool HasMetadata(byte[] name, DestinationEntry entry);

    /// <summary>Makes a folder for the owner alone.</summary>
    public abstract void MakeFolder(byte[] name);

    /// <summary>Gives the owner the right to write into a folder that was there before.</summary>
    public abstract void MakeEnterable(byte[] name);

    /// <summary>Makes a file of so many zeros, refusing what exists; open for writing.</summary>
    /// <param name="mode">Permissions that it may have at once, where the folder lets nobody else in; null for the owner's alone.</param>
    public abstract SafeFileHandle MakeFile(byte[] name, long sizeBytes, bool isSparse, uint? mode = null);

    public abstract SafeFileHandle ReopenFile(byte[] name);

    /// <summary>Makes anything that is neither file, folder nor further name.</summary>
    public abstract void MakeSpecial(byte[] name, DestinationEntry entry);

    public abstract void MakeHardLink(byte[] name, DestinationFolder targetFolder, byte[] targetName);

    /// <summary>Renames inside this folder in one step. Without <paramref name="replace"/> an existing name is refused.</summary>
    public abstract void Move(byte[] from, byte[] to, bool replace);

    public abstract void Remove(byte[] name);

    /// <summary>Sets all attributes, the modification time last.</summary>
    public abstract AppliedMetadata ApplyMetadata(byte[] name, SafeFileHandle? file, DestinationEntry entry);

    /// <summary>Opens this folder, or a folder in it, to flush its file system; null where no single one can be flushed, or this account may not open it.</summary>
    public abstract SafeFileHandle? TryOpenToFlush(byte[]? name);

    /// <summary>Removes an empty folder.</summary>
    public abstract void RemoveFolder(byte[] name);

    /// <summary>Reads from an alternate stream; false where there are none.</summary>
    public abstract bool TryReadStream(byte[] name, AlternateStream stream, long offset, Span<byte> bytes);

    /// <summary>Writes into an alternate stream; false where there are none.</summary>
    public abstract bool TryWriteStream(byte[] name, AlternateStream stream, long offset, ReadOnlySpan<byte> bytes);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

internal sealed record ExistingEntry(EntryKind Kind, ulong DeviceId, ulong FileId, long SizeBytes, Timestamp ModifiedAt)
{
    /// <summary>Unix ctime; null where the system has none to trust.</summary>
    public Timestamp? ChangedAt { get; init; }

    /// <summary>How many names the file has.</summary>
    public uint LinkCount { get; init; } = 1;

    /// <summary>Another file system, or another part of this one, is mounted there.</summary>
    public bool IsMountPoint { get; init; }

    public StandingStamp Stamp => new(DeviceId, FileId, SizeBytes, ModifiedAt, ChangedAt);

    /// <summary>The kind is compared too: file systems give a freed number to the next thing made.</summary>
    public bool IsSameFileAs(ExistingEntry other) => DeviceId == other.DeviceId && FileId == other.FileId && Kind == other.Kind;
}

/// <param name="Missing">What could not be set, for people.</param>
/// <param name="Entry">What they were set on, as it was before; null where nobody had to look.</param>
internal readonly record struct AppliedMetadata(IReadOnlyList<string> Missing, ExistingEntry? Entry = null);

internal enum FolderError
{
    NotFound,
    Exists,
    ThroughLink,
    NotAFolder,
    IsAFolder,
    NoSpace,
    ReadOnly,
    NameTooLong,
    Refused,
    Closed,
    DeviceFailed,
}

/// <summary>A refused operation, in terms that every system shares.</summary>
internal sealed class FolderException(FolderError error, string message) : IOException(message)
{
    public FolderError Error { get; } = error;
}
