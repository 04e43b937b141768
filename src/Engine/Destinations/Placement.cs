using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>The step from a temporary name to the real one, and the memory of what this restore put where.</summary>
internal sealed class Placement(bool isInPlace, UnflushedSystems unflushed)
{
    private readonly MadeEntries _made = new();
    private readonly Lock _gate = new();

    public static DestinationFault Collision(DestinationEntry entry) => new(
        FaultCodes.NameCollision, entry.Path.ToString(), $"'{entry.Path}' means a file here that something else put there during this restore.");

    /// <summary>
    /// Moves a complete temporary to its place: over nothing, or over exactly what the verdict was about. One at a time, so that two
    /// names which mean one file here cannot pass each other. Null where it stands.
    /// A crash before leaves the temporary and what was there; a crash after leaves the new entry.
    /// </summary>
    public DestinationFault? MoveIn(DestinationFolder folder, byte[] temporary, byte[] name, Preparation preparation)
    {
        lock (_gate)
        {
            var made = folder.Look(temporary) ?? throw new FolderException(FolderError.NotFound, "the temporary file is gone");

            // Where nothing stood, the move itself refuses what appeared since.
            var standing = preparation.Existing is null ? null : folder.Look(name);
            var isAsExpected = standing is null || (preparation.Existing?.IsSameFileAs(standing) == true && (!_made.Contains(standing) || MaySeparate(folder, name, standing)));
            if (!isAsExpected)
            {
                return Collision(preparation.Entry);
            }

            try
            {
                folder.Move(temporary, name, replace: standing is not null);
            }
            catch (FolderException failure) when (failure.Error == FolderError.Exists && standing is null)
            {
                return Collision(preparation.Entry);
            }

            _made.Add(made);
            unflushed.Change(folder, name, made);
            return null;
        }
    }

    /// <summary>
    /// In place, whether a name that leads to a file which counts as restored may become a file of its own: it must be a name of that file indeed, and not
    /// another spelling of the one under which it was restored.
    /// </summary>
    public bool MaySeparate(DestinationFolder folder, byte[] name, ExistingEntry existing) =>
        isInPlace && existing is { LinkCount: > 1 } && existing.Kind != EntryKind.Directory && folder.Lists(name);

    public bool IsMade(ExistingEntry entry)
    {
        lock (_gate)
        {
            return _made.Contains(entry);
        }
    }

    /// <summary>What stands there counts as restored.</summary>
    public void Remember(ExistingEntry entry)
    {
        lock (_gate)
        {
            _made.Add(entry);
        }
    }
}
