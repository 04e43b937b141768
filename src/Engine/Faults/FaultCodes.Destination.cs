namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode HostileEntryName = new(8001, nameof(HostileEntryName), "The name of this entry leads out of the destination or means something else than a file there; nobody honest stores such a name.", "Treat the backup's storage and the host that wrote it as suspect; restore the other entries.");
    public static readonly FaultCode NameNotRepresentable = new(8002, nameof(NameNotRepresentable), "The name of this entry cannot exist on this system.", "Restore it on a system like the one that it came from.");
    public static readonly FaultCode DestinationInsideLink = new(8003, nameof(DestinationInsideLink), "The way to this entry leads through a link, and a restore writes through none.", "Restore into a folder that holds no links, or remove the link.");
    public static readonly FaultCode EntryExists = new(8004, nameof(EntryExists), "Something of this name is there already and the overwrite mode leaves it as it is.", "Nothing, if that was meant; otherwise choose another overwrite mode or an empty destination.");
    public static readonly FaultCode NameCollision = new(8005, nameof(NameCollision), "This name and that of another entry mean one file here, or somebody else made it during the restore; what came first was kept.", "Restore this entry alone into another folder, or to a file system that tells the names apart.");
    public static readonly FaultCode EntryInTheWay = new(8006, nameof(EntryInTheWay), "A folder stands where this entry belongs, or something else where its folder should be; a restore removes no folder.", "Move what is in the way elsewhere, or restore into an empty folder.");
    public static readonly FaultCode UnsupportedEntryKind = new(8007, nameof(UnsupportedEntryKind), "Entries of this kind cannot be made here by this account.", "Restore it as administrator, on a system like the one that it came from.");
    public static readonly FaultCode AttributeNotRestored = new(8008, nameof(AttributeNotRestored), "The entry is there with its content, but not with all its attributes.", "Restore as administrator to a file system that has these attributes.");
    public static readonly FaultCode LinkPointsOutside = new(8009, nameof(LinkPointsOutside), "This symbolic link was restored as it was stored, and it points out of the destination.", "Look where it points before anything follows it.");
    public static readonly FaultCode HardLinkTargetMissing = new(8010, nameof(HardLinkTargetMissing), "The file that this entry is a further name of was not restored.", "Restore that file too, with an overwrite mode that does not skip it.");
    public static readonly FaultCode WriteRefused = new(8011, nameof(WriteRefused), "The system refused to write this entry.", "Give the account of the restore the right that the message names, or restore elsewhere.");
    public static readonly FaultCode ContentIncomplete = new(8012, nameof(ContentIncomplete), "Not all bytes of this file came, or more than it has; nothing was put under its name.", "Run Test-CustomerBackup to see what is missing.");
    public static readonly FaultCode DestinationNotAFolder = new(8021, nameof(DestinationNotAFolder), "The destination is something other than a folder.", "Name a folder; one that does not exist is made.");
    public static readonly FaultCode DestinationNotEmpty = new(8022, nameof(DestinationNotEmpty), "The destination holds something already.", "Choose an empty folder, or say with -Overwrite what shall happen to what is there.");
    public static readonly FaultCode DestinationReadOnly = new(8023, nameof(DestinationReadOnly), "The destination cannot be written to.", "Choose another folder, or make this one writable for this account.");
    public static readonly FaultCode DestinationFull = new(8024, nameof(DestinationFull), "The destination has no room left; what was complete stays, nothing half is under a real name.", "Make room and run the restore again with -Overwrite IfDifferent.");
    public static readonly FaultCode DestinationFailed = new(8025, nameof(DestinationFailed), "The destination reports an error of its own, so what was written may not be on the disk.", "Check the disk, then run the restore again with -Overwrite Always.");
}
