using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// What the walk needs of a platform. Everything is addressed by folder and name, no link is ever followed, and whatever cannot be
/// read is a <see cref="SourceFaultException"/>. Safe for concurrent use: entries are opened while the walk goes on.
/// </summary>
internal abstract class FileSystemReader : IDisposable
{
    public abstract NameOrigin Origin { get; }

    /// <summary>Whether names that differ in case alone are the same, so that patterns ignore case.</summary>
    public abstract bool IgnoresCase { get; }

    /// <summary>Whether a folder that was looked at a while ago is never listed as what has taken its place since, as far as the file system's ids tell.</summary>
    public abstract bool KnowsFoldersAgain { get; }

    public static FileSystemReader Create(ChangeTimeTrust trust)
    {
        if (OperatingSystem.IsWindows())
        {
            return new WindowsFileSystemReader(trust);
        }

        return OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()
            ? new UnixFileSystemReader(trust)
            : throw new PlatformNotSupportedException("The file source knows Linux, macOS and Windows.");
    }

    /// <summary>Finds a root, links on the way and the root itself being followed. Throws <see cref="RequestException"/>.</summary>
    public abstract ResolvedRoot Resolve(FileSystemRoot root);

    /// <summary>Device and file id of a folder, and its real path; null where there is none.</summary>
    public abstract (ulong DeviceId, ulong FileId, string RealPath)? Identify(string folder);

    /// <summary>Adds the names in a folder, unsorted, until the list is full. If it throws, those that could be read have been added.</summary>
    public abstract void List(FolderNode folder, NameList names);

    public abstract EntryStat Stat(FolderNode folder, ReadOnlySpan<byte> name);

    /// <param name="fault">An attribute that could not be read, or null.</param>
    public abstract EntryMetadata ReadMetadata(FolderNode folder, byte[] name, in EntryStat stat, out SourceFault? fault);

    /// <summary>What the look alone tells of a file; null where more belongs to it than extended attributes.</summary>
    public virtual EntryMetadata? TryDescribe(in EntryStat stat) => null;

    public abstract SourceContent Open(FileSystemEntry entry);

    public abstract SourceContent OpenStream(FileSystemEntry entry, AlternateStream stream);

    /// <summary>The first bytes of a regular file; null if the name is something else.</summary>
    public abstract byte[]? ReadHead(FolderNode folder, ReadOnlySpan<byte> name, int maxBytes);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <param name="Folder">Where it lies.</param>
/// <param name="Name">Its name there.</param>
/// <param name="RealPath">For comparing with the vault's.</param>
internal sealed record ResolvedRoot(FolderNode Folder, byte[] Name, string RealPath);
