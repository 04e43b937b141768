namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode SnapshotsOfTwoVaults = new(1520, nameof(SnapshotsOfTwoVaults), "The snapshots to compare lie in different vaults, which name the same content differently.", "Compare two snapshots of one vault, or restore one and compare the other with the folder.");
    public static readonly FaultCode TooManySnapshots = new(1521, nameof(TooManySnapshots), "More snapshots were given than can be compared.", "Give two, or one with -Disk or -Path.");
    public static readonly FaultCode NothingToCompareWith = new(1522, nameof(NothingToCompareWith), "The data set has no older snapshot to compare with.", "Give two snapshots, or compare with the disk by -Disk or -Path.");
    public static readonly FaultCode RecordsOnDisk = new(1524, nameof(RecordsOnDisk), "The snapshot holds customers' records, which have no place on the disk to be compared with.", "Compare it with another snapshot of its data set.");
    public static readonly FaultCode DriveNotConnected = new(1525, nameof(DriveNotConnected), "The vault behind the drive is not connected any more.", "Connect it again with Connect-BackupVault.");
    public static readonly FaultCode DriveIsReadOnly = new(1526, nameof(DriveIsReadOnly), "What is in a backup drive cannot be changed: it shows what was backed up.", "Copy it out and change the copy; remove snapshots with Remove-CustomerBackup.");
    public static readonly FaultCode NoContentInDrive = new(1527, nameof(NoContentInDrive), "Only files have content that can be read.", "Name a file; list a folder with Get-ChildItem.");
    public static readonly FaultCode NoWayOutOfDrive = new(1528, nameof(NoWayOutOfDrive), "A copy out of a backup drive names its destination in the file system, and begins at a snapshot or below it.", "Write the destination as BackupVault::<folder>, as in Copy-Item backup:/crm/latest -Destination BackupVault::./out -Recurse, or use Restore-CustomerBackup.");
}
