namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode RecordsAreNotFiles = new(4500, nameof(RecordsAreNotFiles), "The entry holds a customer's records, which come back as objects and not as a file.", "Restore the snapshot without -Destination; the records then come out of the pipeline.");
}
