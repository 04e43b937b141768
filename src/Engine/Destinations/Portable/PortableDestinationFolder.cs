using System.Security.AccessControl;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Portable;

internal sealed partial class PortableDestinationFolder(string path, List<SafeFileHandle> held, DestinationOptions options, OwnerRestore owner) : DestinationFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const uint SettableWindowsAttributes = 0x1 | 0x2 | 0x4 | 0x20 | 0x100 | 0x2000;

    private static readonly Lock LookAndRename = new();

    public override ExistingEntry? Look(byte[] name) => PortableEntry.Look(At(name));

    public override bool Lists(byte[] name)
    {
        var text = PortableEntry.ToText(name);
        return Directory.EnumerateFileSystemEntries(path).Any(entry => string.Equals(Path.GetFileName(entry), text, StringComparison.Ordinal));
    }

    public override SafeFileHandle OpenToRead(byte[] name)
    {
        try
        {
            return File.OpenHandle(At(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw PortableEntry.Translate(failure);
        }
    }

    public override ExistingEntry LookAt(byte[] name, SafeFileHandle file) =>
        Look(name) ?? throw new FolderException(FolderError.NotFound, "the file is gone");

    public override bool HasMetadata(byte[] name, DestinationEntry entry) => PortableEntry.Has(At(name), entry.Metadata);

    public override void MakeFolder(byte[] name) => Try(() =>
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(At(name));
        }
        else
        {
            Directory.CreateDirectory(At(name), OwnerOnly);
        }
    });

    public override void MakeEnterable(byte[] name) => Try(() =>
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At(name), File.GetUnixFileMode(At(name)) | OwnerOnly);
        }
    });

    public override SafeFileHandle MakeFile(byte[] name, long sizeBytes, bool isSparse, uint? mode = null)
    {
        var file = Open(name, FileMode.CreateNew);
        try
        {
            if (isSparse && OperatingSystem.IsWindows())
            {
                WindowsWrite.TrySetSparse(file);
            }

            RandomAccess.SetLength(file, sizeBytes);
            return file;
        }
        catch (Exception failure) when (failure is IOException or ArgumentException)
        {
            file.Dispose();
            Remove(name);
            throw PortableEntry.Translate(failure);
        }
    }

    public override SafeFileHandle ReopenFile(byte[] name) => Open(name, FileMode.Open);

    public override void MakeSpecial(byte[] name, DestinationEntry entry) => Try(() =>
    {
        var target = PortableEntry.ToText(entry.Metadata.LinkTarget ?? []);
        var isFolderLink = ((entry.Metadata.WindowsAttributes ?? 0) & (uint)FileAttributes.Directory) != 0;
        if (isFolderLink)
        {
            Directory.CreateSymbolicLink(At(name), target);
        }
        else
        {
            File.CreateSymbolicLink(At(name), target);
        }
    });

    public override void MakeHardLink(byte[] name, DestinationFolder targetFolder, byte[] targetName)
    {
        var target = ((PortableDestinationFolder)targetFolder).At(targetName);
        var isMade = OperatingSystem.IsWindows() ? WindowsWrite.CreateHardLink(At(name), target, 0) != 0
            : OperatingSystem.IsMacOS() && MacWrite.Link(target, At(name)) == 0;
        if (!isMade)
        {
            throw PortableEntry.Failure("link");
        }
    }

    public override void Move(byte[] from, byte[] to, bool replace) => Try(() =>
    {
        if (OperatingSystem.IsWindows() && File.GetAttributes(At(from)).HasFlag(FileAttributes.Directory))
        {
            // A link to a folder: Windows replaces nothing by such a one.
            if (replace)
            {
                Remove(to);
            }

            Directory.Move(At(from), At(to));
        }
        else
        {
            // Where a system has no such call, .NET looks, then renames. Only a stranger can come between.
            lock (LookAndRename)
            {
                File.Move(At(from), At(to), replace);
            }
        }
    });

    public override void Remove(byte[] name) => Try(() =>
    {
        if (OperatingSystem.IsWindows() && File.GetAttributes(At(name)).HasFlag(FileAttributes.Directory))
        {
            Directory.Delete(At(name));
        }
        else
        {
            File.Delete(At(name));
        }
    });

    public override void RemoveFolder(byte[] name) => Try(() => Directory.Delete(At(name)));

    public override SafeFileHandle? TryOpenToFlush(byte[]? name) => null;

    public override AppliedMetadata ApplyMetadata(byte[] name, SafeFileHandle? file, DestinationEntry entry)
    {
        var missing = new List<string>();
        var (place, wanted) = (At(name), entry.Metadata);
        if (file is not null && OperatingSystem.IsWindows())
        {
            PortableEntry.Attempt("flush", missing, () => RandomAccess.FlushToDisk(file));
        }

        missing.AddRange(wanted.ExtendedAttributes.Select(attribute => $"attribute {EntryName.ToDisplay(attribute.Name)}"));
        if (OperatingSystem.IsWindows())
        {
            ApplyWindows(place, file, wanted, missing);
        }
        else if (OperatingSystem.IsMacOS())
        {
            new MacMetadataWriter(options, owner).Apply(place, wanted, missing);
        }

        return new AppliedMetadata(missing);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            held.ForEach(handle => handle.Dispose());
        }
    }

    private static void Try(Action change)
    {
        try
        {
            change();
        }
        catch (Exception failure) when (failure is (IOException or UnauthorizedAccessException or ArgumentException) and not FolderException)
        {
            throw PortableEntry.Translate(failure);
        }
    }

    [System.Runtime.Versioning.SupportedOSPlatform("windows")]
    private void ApplyWindows(string place, SafeFileHandle? file, EntryMetadata wanted, List<string> missing)
    {
        if (wanted.SecurityDescriptor is { } descriptor)
        {
            PortableEntry.Attempt("security descriptor", missing, () => ApplyDescriptor(place, descriptor, wanted.Kind));
        }

        if (wanted.Mode is not null && wanted.SecurityDescriptor is null)
        {
            missing.Add("Unix mode and owner");
        }

        var modified = wanted.ModifiedAt.ToDateTimeOffset().UtcDateTime;
        if (wanted.CreatedAt is { } created)
        {
            PortableEntry.Attempt("creation time", missing, () => SetCreated(place, file, wanted.Kind, created.ToDateTimeOffset().UtcDateTime));
        }

        // Through the handle that wrote: closing it would set the time anew otherwise.
        PortableEntry.Attempt("modification time", missing, () => SetModified(place, file, wanted.Kind, modified));
        if (((wanted.WindowsAttributes ?? 0) & SettableWindowsAttributes) is var bits && bits != 0 && wanted.Kind != EntryKind.SymbolicLink)
        {
            PortableEntry.Attempt("attributes", missing, () => File.SetAttributes(place, (FileAttributes)bits));
        }
    }

    [System.Runtime.Versioning.SupportedOSPlatform("windows")]
    private void ApplyDescriptor(string place, byte[] descriptor, EntryKind kind)
    {
        var sections = options.RestoreOwner == false ? AccessControlSections.Access : AccessControlSections.Access | AccessControlSections.Owner | AccessControlSections.Group;
        if (kind == EntryKind.Directory)
        {
            var security = new DirectorySecurity();
            security.SetSecurityDescriptorBinaryForm(descriptor, sections);
            new DirectoryInfo(place).SetAccessControl(security);
        }
        else if (kind == EntryKind.File)
        {
            var security = new FileSecurity();
            security.SetSecurityDescriptorBinaryForm(descriptor, sections);
            new FileInfo(place).SetAccessControl(security);
        }
    }

    private static void SetCreated(string place, SafeFileHandle? file, EntryKind kind, DateTime time)
    {
        if (file is not null)
        {
            File.SetCreationTimeUtc(file, time);
        }
        else if (kind == EntryKind.Directory)
        {
            Directory.SetCreationTimeUtc(place, time);
        }
    }

    private static void SetModified(string place, SafeFileHandle? file, EntryKind kind, DateTime time)
    {
        if (file is not null)
        {
            File.SetLastWriteTimeUtc(file, time);
        }
        else if (kind == EntryKind.Directory)
        {
            Directory.SetLastWriteTimeUtc(place, time);
        }
        else
        {
            throw new NotSupportedException("The time of a link cannot be set by path.");
        }
    }

    private string At(byte[] name) => Path.Join(path, PortableEntry.ToText(name));

    private SafeFileHandle Open(byte[] name, FileMode mode)
    {
        try
        {
            return File.OpenHandle(At(name), mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw PortableEntry.Translate(failure);
        }
    }
}
