using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Other rights for a member. What is null stays as it is.</summary>
public sealed record NewRights
{
    public MemberRoles? Roles { get; init; }

    /// <summary>Names of what it may write.</summary>
    public IReadOnlyList<string>? DataSets { get; init; }

    /// <summary>May write all data sets from now on.</summary>
    public bool AllDataSets { get; init; }

    public bool? MayRead { get; init; }
}

/// <summary>Finds members and changes their rights.</summary>
public static class MemberChange
{
    /// <summary>By name, or by the start of the id; a member that is not revoked goes before those that are.</summary>
    /// <exception cref="RequestException">NoSuchMember, AmbiguousMember.</exception>
    public static VaultMember Find(RegisterState register, string nameOrId)
    {
        var found = register.Members.Values.Where(member => string.Equals(member.Entry.Name, nameOrId, StringComparison.OrdinalIgnoreCase)
            || (nameOrId.Length >= 6 && member.Entry.Id.ToString().StartsWith(nameOrId, StringComparison.OrdinalIgnoreCase))).ToList();
        var active = found.Where(static member => !member.Entry.IsRevoked).ToList();
        return (active.Count > 0 ? active : found) switch
        {
            [] => throw new RequestException(FaultCodes.NoSuchMember, $"No member is called '{nameOrId}', and no id starts so."),
            [var only] => only,
            var several => throw new RequestException(
                FaultCodes.AmbiguousMember, $"'{nameOrId}' are {string.Join(", ", several.Select(static member => $"{member.Entry.Name} ({member.Entry.Id})"))}."),
        };
    }

    /// <summary>Rights are judged as the register stands, so a right that snapshots rest on is not taken away here: see <see cref="MemberRevocation"/>.</summary>
    /// <exception cref="KeyException">NotAnOwner, MemberRevoked: the member.</exception>
    /// <exception cref="RequestException">InvalidVaultOption, RoleNotChangeable, SnapshotsWouldBeLost.</exception>
    public static async Task<RegisterAppend> ApplyAsync(UnlockedVault owner, MemberId id, NewRights rights, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        var catalog = await SnapshotCatalog.LoadAsync(owner, cancellationToken);
        var member = owner.Register.Members[id];
        if (member.Entry.IsRevoked)
        {
            throw new KeyException(FaultCodes.MemberRevoked, $"{member.Entry.Name} was revoked, and never comes back.");
        }

        var roles = rights.Roles ?? member.Entry.Roles;
        if (roles.HasFlag(MemberRoles.Owner) || member.Entry.Roles.HasFlag(MemberRoles.Owner))
        {
            throw new RequestException(FaultCodes.RoleNotChangeable, $"{member.Entry.Name} is {MemberText.RolesOf(member.Entry.Roles)}, and is not made {MemberText.RolesOf(roles)} in this way.");
        }

        var dataSets = MemberAdmission.DataSetsOf(owner, rights.DataSets)
            ?? (rights.AllDataSets || !roles.HasFlag(MemberRoles.Writer) ? null : member.DataSets?.ToList());
        var mayRead = rights.MayRead ?? (member.MayRead && roles.HasFlag(MemberRoles.Verifier));
        MemberAdmission.RequireRights(roles, dataSets is not null, mayRead);
        var changed = new MemberAdded(member.Entry.Name, member.Entry.Key, member.SealingKey, roles, dataSets) { MayRead = mayRead };
        if ((member.Entry.Roles & ~roles & (MemberRoles.Writer | MemberRoles.Maintainer)) != MemberRoles.None)
        {
            // Others' snapshots lean on its packs, and what it compacted is found by its relocations and its index alone.
            throw new RequestException(
                FaultCodes.SnapshotsWouldBeLost, $"{member.Entry.Name} is {MemberText.RolesOf(member.Entry.Roles)}; packs, index segments and records that it stored are valid only by the right that would be taken away.");
        }

        var lost = catalog.Snapshots.Count(snapshot => snapshot.Writer == id && !(roles.HasFlag(MemberRoles.Writer) && dataSets?.Contains(snapshot.DataSetId) != false));
        return lost == 0
            ? await owner.AppendAsync([changed, .. MemberAdmission.GrantsOf(owner, changed)], cancellationToken)
            : throw new RequestException(FaultCodes.SnapshotsWouldBeLost, $"{lost} snapshot(s) by {member.Entry.Name} are valid only by the right that would be taken away.");
    }
}
