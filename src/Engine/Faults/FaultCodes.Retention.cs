namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode KeepsNothing = new(1601, nameof(KeepsNothing), "The rules say to keep nothing, so everything would be removed.", "Give at least one keep rule, and each with a number above 0.");
    public static readonly FaultCode NoSuchTimeZone = new(1602, nameof(NoSuchTimeZone), "This computer does not know the time zone.", "Give the name of a zone as in the IANA database, such as Europe/Berlin, or UTC.");

    public static readonly FaultCode RemovalConflict = new(5201, nameof(RemovalConflict), "Two removals at once would together have left a data set without a good snapshot, or a legal hold was placed at the same moment.", "Look with Get-CustomerBackup what there is, and run the command again.");
    public static readonly FaultCode LastGoodSnapshot = new(5202, nameof(LastGoodSnapshot), "The snapshot is the newest of its data set that was found restorable, or the newest at all where none was.", "Verify a newer snapshot with Test-CustomerBackup; then this one may go.");
    public static readonly FaultCode SnapshotHeld = new(5203, nameof(SnapshotHeld), "A legal hold keeps the snapshot.", "Have whoever placed the hold release it with Remove-BackupLegalHold; until then the snapshot stays.");
    public static readonly FaultCode RetentionFrozen = new(5204, nameof(RetentionFrozen), "A suspect snapshot of the data set waits for a decision, and until then nothing of it is removed.", "Look at the suspect snapshot, and decide with Approve-CustomerBackup or Approve-CustomerBackup -Reject.");
    public static readonly FaultCode BelowRetentionFloor = new(5205, nameof(BelowRetentionFloor), "The snapshot is younger than the vault's policy lets anybody remove.", "Wait until it is old enough, or have the owners change the policy.");
}
