using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>Tells what concerns one entry from what ends the restore.</summary>
internal static class DestinationErrors
{
    /// <summary>The fault of an entry; throws <see cref="DestinationException"/> where no other entry would fare better.</summary>
    public static DestinationFault ToFault(FolderException failure, DestinationEntry entry, string destination)
    {
        var path = entry.Path.ToString();
        return failure.Error switch
        {
            FolderError.NoSpace or FolderError.ReadOnly or FolderError.DeviceFailed => throw ToException(failure, destination),
            FolderError.ThroughLink => new DestinationFault(FaultCodes.DestinationInsideLink, path, $"'{path}' lies behind a link ({failure.Message})."),
            FolderError.NotAFolder or FolderError.IsAFolder => new DestinationFault(FaultCodes.EntryInTheWay, path, $"On the way to '{path}' stands something else ({failure.Message})."),
            FolderError.NameTooLong => new DestinationFault(FaultCodes.NameNotRepresentable, path, $"The name of '{path}' is too long here ({failure.Message})."),
            FolderError.Closed => new DestinationFault(FaultCodes.OwnFolderLeft, path, $"'{path}' is left: {failure.Message}."),
            FolderError.Exists => new DestinationFault(FaultCodes.NameCollision, path, $"'{path}' appeared during the restore ({failure.Message})."),
            _ => new DestinationFault(FaultCodes.WriteRefused, path, $"'{path}' could not be written ({failure.Message})."),
        };
    }

    public static DestinationException ToException(FolderException failure, string destination)
    {
        var code = failure.Error switch
        {
            FolderError.NoSpace => FaultCodes.DestinationFull,
            FolderError.ReadOnly or FolderError.Refused => FaultCodes.DestinationReadOnly,
            FolderError.NotAFolder or FolderError.Exists => FaultCodes.DestinationNotAFolder,
            _ => FaultCodes.DestinationFailed,
        };
        return new DestinationException(code, $"'{destination}': {failure.Message}.", failure);
    }

    /// <summary>Removes a temporary as far as that is possible: on the way out of a failure nothing else can be done about it.</summary>
    public static bool TryRemove(FileSystemDestination destination, EntryPath path, byte[] temporary)
    {
        try
        {
            using var folder = destination.OpenParent(path);
            return TryRemove(folder, temporary);
        }
        catch (FolderException)
        {
            return false;
        }
    }

    public static bool TryRemove(DestinationFolder folder, byte[] temporary)
    {
        try
        {
            folder.Remove(temporary);
            return true;
        }
        catch (FolderException)
        {
            return false;
        }
    }
}
