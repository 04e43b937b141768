using System.Collections.Concurrent;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>Folders: made before what is in them, and given their attributes after it.</summary>
public sealed partial class FileSystemDestination
{
    /// <summary>Those that this restore made and that may still get entries; the owner's alone until they are complete.</summary>
    private readonly ConcurrentDictionary<EntryPath, bool> _newFolders = new();

    public EntryOutcome CompleteFolder(Preparation preparation)
    {
        Expect(preparation, PrepareVerdict.Folder);
        var entry = preparation.Entry;
        try
        {
            _newFolders.TryRemove(entry.Path, out _);
            using var parent = OpenParent(entry.Path);
            var name = NameOf(entry.Path);
            return _options.InPlace && parent.HasMetadata(name, entry)
                ? new EntryOutcome(true, []) { Change = EntryChange.None }
                : new EntryOutcome(true, ListMissing(entry, SetAttributesOf(parent, name, null, entry)))
                {
                    Change = preparation.Existing is null ? EntryChange.Written : EntryChange.Attributes,
                };
        }
        catch (FolderException failure)
        {
            return new EntryOutcome(false, [DestinationErrors.ToFault(failure, entry, DisplayName)]);
        }
    }

    private Preparation PrepareFolder(DestinationFolder folder, byte[] name, DestinationEntry entry, ExistingEntry? existing)
    {
        if (existing is { Kind: EntryKind.Directory })
        {
            // A folder's time changes with what is put into it, so only the modes that compare nothing, or times, mean anything.
            var keeps = _overwrite == OverwriteMode.Never
                || (_overwrite == OverwriteMode.IfNewer && entry.Metadata.ModifiedAt <= existing.ModifiedAt);
            if (!keeps)
            {
                folder.MakeEnterable(name);
            }

            Placement.Remember(existing);
            return new Preparation(entry, keeps ? PrepareVerdict.Kept : PrepareVerdict.Folder, []) { Existing = existing };
        }

        if (existing is not null)
        {
            if (Protect(entry, existing) is { } verdict)
            {
                return verdict;
            }

            if (_options is { InPlace: true, ReplacesLinks: false } && existing.Kind is EntryKind.SymbolicLink or EntryKind.ReparsePoint)
            {
                return Refuse(entry, new DestinationFault(FaultCodes.DestinationInsideLink, entry.Path.ToString(), $"A link stands where the folder '{entry.Path}' belongs."));
            }

            folder.Remove(name);
        }

        folder.MakeFolder(name);
        var made = folder.Look(name) ?? throw new FolderException(FolderError.NotFound, "the new folder is gone");
        Placement.Remember(made);
        _newFolders[entry.Path] = true;
        _unflushed.Change(folder, name, made);
        return new Preparation(entry, PrepareVerdict.Folder, []);
    }

    /// <summary>
    /// Then there is nothing to look for: what may stand there came since, from this restore under another spelling or from a stranger, and the move to the place refuses both.
    /// Of a file in a tree of small ones the look would be three of thirteen calls.
    /// </summary>
    private bool IsInNewFolder(EntryPath path)
    {
        if (path.Parent is not { } parent || !_newFolders.ContainsKey(parent))
        {
            return false;
        }

        _closed.Require(WayTo(path));
        return true;
    }
}
