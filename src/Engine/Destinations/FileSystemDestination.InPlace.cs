using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// In place: what stands there is looked at and kept where it is right. A file is never written into: what differs is built under a temporary name
/// and takes the place in one step. Attributes alone are set where they are, but only on a file with one name: a further one may lie anywhere.
/// </summary>
public sealed partial class FileSystemDestination
{
    public IStandingFile? OpenStanding(Preparation preparation)
    {
        var entry = preparation.Entry;
        try
        {
            using var folder = OpenParent(entry.Path);
            return OpenStanding(folder, preparation);
        }
        catch (FolderException)
        {
            // Whatever it is, it is replaced; what cannot be is said then.
            return null;
        }
    }

    public EntryOutcome? Settle(Preparation preparation, StandingStamp seen)
    {
        var entry = preparation.Entry;
        try
        {
            using var folder = OpenParent(entry.Path);
            var name = NameOf(entry.Path);
            if (folder.Look(name) is not { } standing || standing.Stamp != seen || Placement.IsMade(standing))
            {
                return null;
            }

            if (folder.HasMetadata(name, entry))
            {
                Placement.Remember(standing);
                return new EntryOutcome(true, []) { Change = EntryChange.None, Stamp = seen };
            }

            return standing.LinkCount > 1 ? null : SetAttributes(folder, name, preparation, standing);
        }
        catch (FolderException failure)
        {
            return new EntryOutcome(false, [DestinationErrors.ToFault(failure, entry, DisplayName)]);
        }
    }

    public bool IsMountPoint(EntryPath folder)
    {
        try
        {
            using var parent = OpenParent(folder);
            return parent.Look(NameOf(folder))?.IsMountPoint == true;
        }
        catch (FolderException)
        {
            // What cannot be looked at is not to be touched either.
            return true;
        }
    }

    public DestinationFault? Remove(EntryPath path, EntryMetadata seen, EntryIdentity identity)
    {
        try
        {
            using var folder = OpenParent(path);
            var name = NameOf(path);
            if (folder.Look(name) is not { } standing)
            {
                return null;
            }

            var isFolder = standing.Kind == EntryKind.Directory;
            var isSeen = isFolder == (seen.Kind == EntryKind.Directory)
                && (identity.FileId == 0 || OperatingSystem.IsWindows() || (standing.DeviceId, standing.FileId) == (identity.DeviceId, identity.FileId))
                && (isFolder || standing.ModifiedAt == seen.ModifiedAt);
            if (!isSeen || standing.IsMountPoint)
            {
                return NotRemoved(path, "it changed since it was seen");
            }

            if (ReasonToKeep(path, standing, areFileIdsTrue: identity.FileId != 0 || OperatingSystem.IsWindows()) is { } reason)
            {
                return NotRemoved(path, reason);
            }

            if (isFolder)
            {
                folder.RemoveFolder(name);
            }
            else
            {
                folder.Remove(name);
            }

            _unflushed.Remove(folder, standing);
            return null;
        }
        catch (FolderException failure)
        {
            return NotRemoved(path, failure.Message);
        }
    }

    internal static DestinationFault NotRemoved(EntryPath path, string reason) => new(FaultCodes.ExtraNotRemoved, path.ToString(), $"'{path}' stays: {reason}.");

    /// <summary>What a file that was just put right looks like, if nobody changed it meanwhile.</summary>
    internal static StandingStamp? StampOf(DestinationFolder folder, byte[] name, ExistingEntry made, DestinationEntry entry) =>
        folder.Look(name) is { } standing && standing.IsSameFileAs(made) && standing.SizeBytes == entry.Metadata.SizeBytes && standing.ModifiedAt == entry.Metadata.ModifiedAt
            ? standing.Stamp
            : null;

    /// <summary>
    /// Where names fold, the walk may meet an entry of the snapshot under a spelling that the snapshot does not have. What this restore made, put right or found right is known by
    /// its file id, so it stays; of a file that has further names, and where file ids prove nothing, a name goes only if it is found under no other spelling.
    /// </summary>
    private string? ReasonToKeep(EntryPath path, ExistingEntry standing, bool areFileIdsTrue)
    {
        var isMade = Placement.IsMade(standing);
        if (isMade && (standing.Kind == EntryKind.Directory || standing.LinkCount <= 1))
        {
            return "it is in the snapshot under another spelling";
        }

        return (isMade || !areFileIdsTrue) && IsFoundOtherwise(path) ? "it is found under other spellings too, and may be in the snapshot under one of them" : null;
    }

    private bool IsFoundOtherwise(EntryPath path)
    {
        for (var below = path; below is { Depth: > 1 }; below = below.Parent)
        {
            using var folder = OpenParent(below);
            if (NameSpellings.Folds(folder, NameOf(below)))
            {
                return true;
            }
        }

        return false;
    }

    private EntryOutcome? SetAttributes(DestinationFolder folder, byte[] name, Preparation preparation, ExistingEntry standing)
    {
        var entry = preparation.Entry;
        using var file = OpenStanding(folder, preparation);
        if (file is null || file.Stamp != standing.Stamp)
        {
            return null;
        }

        // A crash here leaves the right content with some of the right attributes; the next run sets the others.
        var missing = SetAttributesOf(folder, name, OperatingSystem.IsWindows() ? null : file.Handle, entry);
        Placement.Remember(standing);
        return new EntryOutcome(true, ListMissing(entry, missing)) { Change = EntryChange.Attributes, Stamp = StampOf(folder, name, standing, entry) };
    }

    /// <summary>Some may be set also where it fails.</summary>
    private IReadOnlyList<string> SetAttributesOf(DestinationFolder folder, byte[] name, SafeFileHandle? file, DestinationEntry entry)
    {
        try
        {
            return folder.ApplyMetadata(name, file, entry).Missing;
        }
        finally
        {
            if (folder.Look(name) is { } changed)
            {
                _unflushed.Change(folder, name, changed);
            }
        }
    }

    private StandingFile? OpenStanding(DestinationFolder folder, Preparation preparation)
    {
        var name = NameOf(preparation.Entry.Path);
        SafeFileHandle handle;
        try
        {
            handle = folder.OpenToRead(name);
        }
        catch (FolderException failure) when (failure.Error is FolderError.Refused or FolderError.NotFound or FolderError.ThroughLink)
        {
            return null;
        }

        var standing = folder.LookAt(name, handle);
        if (standing.Kind == EntryKind.File && preparation.Existing?.IsSameFileAs(standing) == true)
        {
            return new StandingFile(handle, standing.Stamp);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>The verdict where a thing of the entry's kind stands there.</summary>
    private Preparation StandsThere(DestinationFolder folder, byte[] name, Preparation preparation)
    {
        if (preparation.Entry.Metadata.Kind == EntryKind.File)
        {
            return preparation with { Verdict = PrepareVerdict.Compare };
        }

        if (!folder.HasMetadata(name, preparation.Entry))
        {
            return MakeSpecial(folder, preparation);
        }

        Placement.Remember(preparation.Existing!);
        return preparation with { Verdict = PrepareVerdict.Kept };
    }

    private sealed class StandingFile(SafeFileHandle handle, StandingStamp stamp) : IStandingFile
    {
        public SafeFileHandle Handle { get; } = handle;

        public StandingStamp Stamp { get; } = stamp;

        public int Read(long offset, Span<byte> bytes) => RandomAccess.Read(Handle, bytes, offset);

        public void Dispose() => Handle.Dispose();
    }
}
