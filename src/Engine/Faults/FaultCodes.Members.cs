namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode NoSuchMember = new(1900, nameof(NoSuchMember), "No member of the vault has this name, or an id that starts so.", "List the members with Get-BackupVaultMember and give the name or the id of one.");
    public static readonly FaultCode AmbiguousMember = new(1901, nameof(AmbiguousMember), "Several members of the vault have this name, or ids that start so.", "Give more digits of the member's id.");
    public static readonly FaultCode OwnersTooFew = new(1902, nameof(OwnersTooFew), "The vault would be left with fewer owners than must sign, and nobody could ever change it again.", "Add another owner first, or lower the number of owners that must sign.");
    public static readonly FaultCode OwnRevocation = new(1903, nameof(OwnRevocation), "Nobody can revoke himself: whoever begins the new epoch makes its keys, and so knows them.", "Let another owner remove you.");
    public static readonly FaultCode RoleNotChangeable = new(1904, nameof(RoleNotChangeable), "An owner's keys are of another kind than those of other members: nobody becomes an owner, or stops being one, by a change of roles.", "Add the person as a new member with the new role, then remove the old one.");
    public static readonly FaultCode SnapshotsWouldBeLost = new(1905, nameof(SnapshotsWouldBeLost), "The change would make snapshots invalid, the member's own or others' that lean on what it stored with the right that is taken away.", "Remove the member, which keeps its snapshots valid, and add it anew with the other rights.");
    public static readonly FaultCode NoSuchChange = new(1906, nameof(NoSuchChange), "No change of the vault waits for signatures under this id.", "List the changes with Get-BackupVaultChange and give the id of one.");
    public static readonly FaultCode ChangeSigned = new(1907, nameof(ChangeSigned), "This owner has signed the change already; it waits for others.", "Let another owner approve it.");
    public static readonly FaultCode RoleMissing = new(4300, nameof(RoleMissing), "The key at hand is of a member whose role does not include this.", "Use the key of a member with that role, or let an owner change the member's roles.");
    public static readonly FaultCode RegisterObstructed = new(5400, nameof(RegisterObstructed), "Where the next entry of the vault's register belongs there is an object that its owners did not sign. It is passed over, and nothing can be added to the register until it is gone.", "Compare the vault with another copy; if that one has no further entries either, run Repair-BackupVault as an owner, and find out who can write to the target.");
    public static readonly FaultCode ChangeStale = new(5401, nameof(ChangeStale), "The vault's register was changed since this change was proposed, so its signatures are worth nothing any more.", "Propose it again: run the command again, or Approve-BackupVaultChange -Renew; withdraw the old one with Remove-BackupVaultChange.");
    public static readonly FaultCode ChangePending = new(5402, nameof(ChangePending), "The change waits for the signatures of further owners; nothing has changed yet.", "Let the other owners see it with Get-BackupVaultChange and sign it with Approve-BackupVaultChange.");
    public static readonly FaultCode EntryTooLarge = new(5403, nameof(EntryTooLarge), "The change is larger than an entry of the register may be.", "Remove members that are not needed any more, or make the change in several steps.");
}
