namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode SourceEmpty = new(1501, nameof(SourceEmpty), "There is nothing to back up: the paths hold no file, or every file is excluded.", "Check the paths and the exclude rules; an empty backup is never made.");
    public static readonly FaultCode NothingMatches = new(1502, nameof(NothingMatches), "No entry of the snapshot matches the pattern.", "Look with Get-CustomerBackupItem what the snapshot holds, and correct the pattern.");
    public static readonly FaultCode SourceUnreadable = new(1503, nameof(SourceUnreadable), "Nothing of the source could be read.", "Give the account of the backup the right to read the paths.");
    public static readonly FaultCode PercentOutOfRange = new(1504, nameof(PercentOutOfRange), "The share to check is not between 1 and 100 percent.", "Give a whole number from 1 to 100.");
    public static readonly FaultCode SnapshotTooLarge = new(1505, nameof(SnapshotTooLarge), "The snapshot's manifest would be larger than any reader takes.", "Split the data set, or give fewer tags.");
    public static readonly FaultCode SessionLapsed = new(5101, nameof(SessionLapsed), "The backup slept through its session, and what it leaned on was collected meanwhile.", "Run the backup again; what is gone is read and stored anew.") { IsTransient = true };
    public static readonly FaultCode DataSetNotAllowed = new(4101, nameof(DataSetNotAllowed), "This key may not write backups of that data set.", "Use a key that may, or name a data set that this key may write.");
}
