using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Begins new epochs of keys. One register entry does it all, so it takes seconds however large the vault is: nothing that was stored is touched, and every member that is
/// not revoked finds its new keys in the register. What a rotation does not do: take back what an old key opens.
/// </summary>
public static class EpochRotation
{
    /// <param name="reason">For people; stands readable in the register. Null for none.</param>
    /// <returns>The epoch, and whether it has begun or waits for further owners.</returns>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    /// <exception cref="VaultException">RegisterConflict: nothing was changed.</exception>
    public static async Task<(uint Epoch, RegisterAppend Append)> RotateAsync(UnlockedVault owner, string? reason, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        await owner.RefreshAsync(cancellationToken);
        var epoch = owner.Register.NewestEpoch + 1;
        return (epoch, await owner.AppendAsync([.. MemberText.NoteOf(reason), .. ChangesFor(owner, leftOut: null)], cancellationToken));
    }

    /// <summary>The epoch after the newest, and its keys for everybody who is to have them.</summary>
    /// <param name="leftOut">A member that is being revoked by the same entry.</param>
    internal static List<RegisterChange> ChangesFor(UnlockedVault owner, MemberId? leftOut)
    {
        using var next = owner.Keys.Next();
        var grants = owner.Register.Members.Values
            .Where(member => !member.Entry.IsRevoked && member.Entry.Id != leftOut)
            .OrderBy(static member => member.Entry.Id.Value)
            .Select(member => next.GrantTo(member.Entry.Id, member.SealingKey, member.Entry.Roles, owner.Id, member.MayRead ? next.Identity : null));
        return [new EpochBegins(next.Epoch, next.Identity!.Recipient), .. grants];
    }
}
