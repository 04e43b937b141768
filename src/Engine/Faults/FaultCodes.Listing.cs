namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode ListingMalformed = new(3100, nameof(ListingMalformed), "A page of a snapshot's listing opens, but what it says cannot be.", "Restore another snapshot, and report this: a member wrote what no release writes.");
    public static readonly FaultCode ChunkMissing = new(3101, nameof(ChunkMissing), "A chunk that the snapshot needs stands in no index segment.", "Run Test-CustomerBackup -ReadData on the vault; other files and snapshots can be restored.");
    public static readonly FaultCode ChunkUnreadable = new(3102, nameof(ChunkUnreadable), "No stored copy of a chunk gives the bytes that were sealed.", "Restore the file from another snapshot, or the vault's folder from another copy; other files can be restored.");
    public static readonly FaultCode UploadNotConfirmed = new(3103, nameof(UploadNotConfirmed), "The target does not give back the bytes that it took.", "Check the disk or the provider for faults before trusting it with backups; then run the backup again.");
    public static readonly FaultCode PackMissing = new(3105, nameof(PackMissing), "A pack that the snapshot needs is not on the target, or not with its length.", "Restore the pack from another copy of the vault; files that do not use it can be restored.");
}
