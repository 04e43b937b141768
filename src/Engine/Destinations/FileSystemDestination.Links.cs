using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>Hard links: to what this restore made, and to nothing else.</summary>
public sealed partial class FileSystemDestination
{
    private EntryOutcome LinkChecked(Preparation preparation)
    {
        var entry = preparation.Entry;
        var target = entry.Metadata.HardLinkTarget;
        if (target is null || NameRules.Refuse(target, entry.Origin, Host.Names) is not null)
        {
            return NoTarget(entry, "its first name is no path inside the backup");
        }

        using var targetFolder = OpenParent(target);
        var file = targetFolder.Look(NameOf(target));
        if (file is null || file.Kind == EntryKind.Directory || !Placement.IsMade(file))
        {
            return NoTarget(entry, $"'{target}' was not written by this restore");
        }

        using var folder = OpenParent(entry.Path);
        var existing = folder.Look(NameOf(entry.Path));
        if (existing?.IsSameFileAs(file) == true)
        {
            return new EntryOutcome(true, []) { Change = EntryChange.None };
        }

        if (existing is not null && Placement.IsMade(existing) && !Placement.MaySeparate(folder, NameOf(entry.Path), existing))
        {
            return new EntryOutcome(false, [Placement.Collision(entry)]);
        }

        if (Protect(entry, existing) is { } verdict)
        {
            return new EntryOutcome(false, verdict.Faults);
        }

        return PlaceLink(folder, targetFolder, preparation with { Existing = existing });
    }

    private EntryOutcome PlaceLink(DestinationFolder folder, DestinationFolder targetFolder, Preparation preparation)
    {
        var entry = preparation.Entry;
        var temporary = NewTemporaryName();
        folder.MakeHardLink(temporary, targetFolder, NameOf(entry.Metadata.HardLinkTarget!));
        var isPlaced = false;
        try
        {
            // What was linked is looked at again: the target's name may have been swapped since.
            if (folder.Look(temporary) is not { } linked || !Placement.IsMade(linked))
            {
                return NoTarget(entry, "its first name was exchanged during the restore");
            }

            var collision = Placement.MoveIn(folder, temporary, NameOf(entry.Path), preparation);
            isPlaced = collision is null;
            return new EntryOutcome(isPlaced, collision is null ? [] : [collision]);
        }
        finally
        {
            if (!isPlaced)
            {
                folder.Remove(temporary);
            }
        }
    }

    private static EntryOutcome NoTarget(DestinationEntry entry, string reason) => new(
        false, [new DestinationFault(FaultCodes.HardLinkTargetMissing, entry.Path.ToString(), $"'{entry.Path}' is a further name of a file, but {reason}.")]);
}
