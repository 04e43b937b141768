using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Clears the place of the register's next entry. Storage, or a stolen writer, may have put something there that no owner signed; it is passed over by every reader, and only keeps
/// owners from adding anything. Whether it was a true entry once that is damaged now, nobody can tell from it: the one who asks for this has compared with another copy.
/// </summary>
public static class RegisterRepair
{
    private const int MaxRemoved = 1_000;

    /// <summary>What would be removed, in the order of the names.</summary>
    public static async Task<IReadOnlyList<RegisterObstruction>> FindAsync(UnlockedVault owner, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        await owner.RefreshAsync(cancellationToken);
        var next = (uint)owner.Register.Hashes.Count;
        var stats = await owner.Store.ListAsync(
            ObjectNames.Register, name => ObjectNames.TryParseNumber(name, ObjectNames.Register, out var number) && number >= next, cancellationToken);
        var found = new List<RegisterObstruction>();
        foreach (var stat in stats.Take(MaxRemoved))
        {
            if (await ReasonAsync(owner, stat.Name, cancellationToken) is { } reason)
            {
                found.Add(new RegisterObstruction(stat.Name, reason));
            }
        }

        return found;
    }

    /// <summary>
    /// Removes what stands there and writes down in the register that it did. Each object is looked at once more just before. A crash in between leaves less to remove.
    /// </summary>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    public static async Task<RegisterAppend> RemoveAsync(UnlockedVault owner, IReadOnlyList<RegisterObstruction> found, string? reason, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        var note = MemberText.NoteOf(reason).ToList();
        var removed = 0;
        foreach (var item in found)
        {
            if (await ReasonAsync(owner, item.Name, cancellationToken) is not null)
            {
                await owner.Target.DeleteAsync(item.Name, cancellationToken);
                owner.Sink.Report(new BackupEvent(EventSeverity.Information, $"'{item.Name}' was removed: {item.Reason}"));
                removed++;
            }
        }

        await owner.RefreshAsync(cancellationToken);
        return removed == 0
            ? RegisterAppend.Stands
            : await owner.AppendAsync([new RegisterNote($"Removed {removed} object(s) from the register's folder that no owner had signed, from {found[0].Name} on."), .. note], cancellationToken);
    }

    /// <summary>Why it is no entry; null where it is one, or is gone.</summary>
    /// <exception cref="TargetException"><c>Garbled</c>: nobody can tell.</exception>
    private static async Task<string?> ReasonAsync(UnlockedVault owner, ObjectName name, CancellationToken cancellationToken)
    {
        if (!ObjectNames.TryParseNumber(name, ObjectNames.Register, out var number) || await owner.Store.TryReadTwiceAsync(name, RegisterCodec.MaxEntryBytes, cancellationToken) is not { } stored)
        {
            return null;
        }

        return number == owner.Register.Hashes.Count ? owner.Register.ForeignBecause(stored.Bytes)
            : owner.Register.IsLaterEntry(stored.Bytes, number) ? null
            : "no owner signed it for this place.";
    }
}
