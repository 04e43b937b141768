namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode NotAVault = new(5001, nameof(NotAVault), "There is no vault at this place.", "Check the path; make a vault there with New-BackupVault if it should be a new one.");
    public static readonly FaultCode RegisterDamaged = new(5003, nameof(RegisterDamaged), "An entry of the vault's register is damaged, missing, or not validly signed.", "Copy the entry that the message names back from another copy of the vault; backups and keys are not affected.");
    public static readonly FaultCode RegisterConflict = new(5004, nameof(RegisterConflict), "Somebody else changed the vault's register at the same moment.", "Run the command again; it sees the other change then.") { IsTransient = true };
    public static readonly FaultCode MoreSignaturesNeeded = new(5005, nameof(MoreSignaturesNeeded), "The vault's policy wants more owners to sign a change of the register.", "Let the other owners sign as well.");
    public static readonly FaultCode VaultRolledBack = new(5020, nameof(VaultRolledBack), "The vault is in an older state than one that is known: newer changes of its register were removed.", "Do not use this copy; compare it with another one, and find out who can delete on the target.");
    public static readonly FaultCode VaultForked = new(5021, nameof(VaultForked), "The vault's register is not the one that is known: another history was put in its place.", "Do not use this copy; compare it with another one, and find out who can write to the target.");
    public static readonly FaultCode NoSuchSnapshot = new(5010, nameof(NoSuchSnapshot), "No snapshot has this id.", "List the snapshots with Get-CustomerBackup and give the id of one.");
    public static readonly FaultCode AmbiguousSnapshot = new(5011, nameof(AmbiguousSnapshot), "Several snapshots have ids that start so.", "Give more digits of the id.");
    public static readonly FaultCode SnapshotMissing = new(5030, nameof(SnapshotMissing), "A snapshot that is known to have existed is gone, and no removal record says that it was removed.", "Copy the manifest back from another copy of the vault; find out who can delete on the target.");
    public static readonly FaultCode DataSetNotEntitled = new(5031, nameof(DataSetNotEntitled), "A snapshot is signed by a member who may not write its data set, or was signed after that member was revoked; it is left out.", "Find out who made it; revoke that member if its key was stolen.");
    public static readonly FaultCode SequenceRepeated = new(5032, nameof(SequenceRepeated), "A member gave two snapshots with different predecessors one number: it ran from two copies of itself.", "Give each host a writer key of its own; if nobody runs two hosts with one key, revoke it.");
    public static readonly FaultCode ClockSkewed = new(5041, nameof(ClockSkewed), "This computer's clock and the target's are far apart.", "Set the clock of this computer; times of snapshots are taken from it.");
    public static readonly FaultCode HostStateUnusable = new(5050, nameof(HostStateUnusable), "What this host remembers about the vault cannot be read or written; the vault is not affected.", "Free space in the cache folder or repair its rights; a damaged file there may be deleted.");
    public static readonly FaultCode UnlockerUnusable = new(5051, nameof(UnlockerUnusable), "One of the vault's unlockers cannot be used; the others were tried.", "Run Test-CustomerBackup; if nobody changed the unlockers, copy the object back from another copy of the vault.");
}
