namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode NotAMaintainer = new(1701, nameof(NotAMaintainer), "The key at hand may not delete anything: it is neither a maintainer's nor an owner's.", "Use an owner's key, or one that was given the maintainer's role.");
    public static readonly FaultCode CompactionNeedsReader = new(1702, nameof(CompactionNeedsReader), "Compaction opens packs to move what is in them, and the key at hand opens none.", "Run it with an owner's key, or leave -MaxUnusedPercent out: what nothing needs is then still deleted.");
    public static readonly FaultCode CollectionOutOfRange = new(1703, nameof(CollectionOutOfRange), "A limit of the collection is out of its range.", "Give -For a time above zero and -MaxUnusedPercent a number from 0 to 99.");

    public static readonly FaultCode CollectionStopped = new(5301, nameof(CollectionStopped), "A snapshot is missing or cannot be judged, so it is not certain what is needed; nothing was deleted.", "Copy what the message names back from another copy of the vault, or remove the snapshot with Remove-CustomerBackup; then run the collection again.");
    public static readonly FaultCode ReferenceSetUnreadable = new(5302, nameof(ReferenceSetUnreadable), "The list of what a snapshot needs does not open; nothing was deleted.", "Copy the reference page that the message names back from another copy of the vault, or remove the snapshot with Remove-CustomerBackup; then run the collection again.");
    public static readonly FaultCode CollectionUnsafeHere = new(5303, nameof(CollectionUnsafeHere), "The target lacks the capability ListAfterWrite, and the vault's grace time does not outlast its lagging listings.", "Set a grace time of more than twice the time by which the target's listings lag; where the target gives no bound, do not collect on it.");
    public static readonly FaultCode CompactionStopped = new(5304, nameof(CompactionStopped), "A listing or the index cannot be read whole, so it is not certain which chunks are needed; nothing was compacted.", "Run Test-CustomerBackup to see what is damaged, and repair it from another copy of the vault.");
    public static readonly FaultCode CollectionNeedsAllTargets = new(5305, nameof(CollectionNeedsAllTargets), "More than one target is attached to the vault. A pack may be needed by a snapshot that only another of them holds, and one alone is at hand; nothing was deleted.", "Collect where all attached targets are at hand, or detach those that are no copies of this vault any more.");
    public static readonly FaultCode PackUnmovable = new(3501, nameof(PackUnmovable), "A pack with unused space is damaged, so it was left as it is.", "Run Test-CustomerBackup -ReadData to see which files are affected.");
}
