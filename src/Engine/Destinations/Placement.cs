using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>The step from a temporary name to the real one, and the memory of what this restore put where.</summary>
internal sealed class Placement(bool isInPlace, UnflushedSystems unflushed)
{
    private readonly MadeEntries _made = new();
    private readonly Lock _gate = new();
    private readonly Lock _replacing = new();

    public static DestinationFault Collision(DestinationEntry entry) => new(
        FaultCodes.NameCollision, entry.Path.ToString(), $"'{entry.Path}' means a file here that something else put there during this restore.");

    /// <summary>
    /// Moves a complete temporary to its place: over nothing, or over exactly what the verdict was about. Null where it stands.
    /// A crash before leaves the temporary and what was there; a crash after leaves the new entry.
    /// </summary>
    /// <param name="made">What was made under the temporary name, where its maker looked at it through the handle.</param>
    public DestinationFault? MoveIn(DestinationFolder folder, byte[] temporary, byte[] name, Preparation preparation, ExistingEntry? made = null)
    {
        made ??= folder.Look(temporary) ?? throw new FolderException(FolderError.NotFound, "the temporary file is gone");

        // Known before it has the name: whoever finds it there under another spelling, finds something of this restore's.
        var isNew = Add(made);
        var isPlaced = false;
        try
        {
            isPlaced = preparation.Existing is null ? TryMove(folder, temporary, name, replace: false) : TryReplace(folder, temporary, name, preparation.Existing);
            if (!isPlaced)
            {
                return Collision(preparation.Entry);
            }
        }
        finally
        {
            if (!isPlaced && isNew)
            {
                Forget(made);
            }
        }

        unflushed.Change(folder, name, made);
        return null;
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
    public void Remember(ExistingEntry entry) => Add(entry);

    private bool Add(ExistingEntry entry)
    {
        lock (_gate)
        {
            return _made.Add(entry);
        }
    }

    private void Forget(ExistingEntry entry)
    {
        lock (_gate)
        {
            _made.Remove(entry);
        }
    }

    /// <summary>One at a time, so that two names which mean one file here cannot both replace it.</summary>
    private bool TryReplace(DestinationFolder folder, byte[] temporary, byte[] name, ExistingEntry expected)
    {
        lock (_replacing)
        {
            var standing = folder.Look(name);
            var isAsExpected = standing is null || (expected.IsSameFileAs(standing) && (!IsMade(standing) || MaySeparate(folder, name, standing)));
            return isAsExpected && TryMove(folder, temporary, name, replace: standing is not null);
        }
    }

    /// <summary>Where nothing stood, the move itself refuses what appeared since.</summary>
    private static bool TryMove(DestinationFolder folder, byte[] temporary, byte[] name, bool replace)
    {
        try
        {
            folder.Move(temporary, name, replace);
            return true;
        }
        catch (FolderException failure) when (failure.Error == FolderError.Exists && !replace)
        {
            return false;
        }
    }
}
