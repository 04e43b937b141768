namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode SourceRootMissing = new(1100, nameof(SourceRootMissing), "A file or folder to back up does not exist.", "Check the spelling of -Path and that the disk is mounted.");
    public static readonly FaultCode SourceRootUnreadable = new(1101, nameof(SourceRootUnreadable), "A file or folder to back up may not be read by this account.", "Give the account of the backup the right to read it, or run the backup as an account that has it.");
    public static readonly FaultCode SourceRootInVault = new(1102, nameof(SourceRootInVault), "What is to be backed up is the vault itself or lies within it.", "Choose a folder that is not part of the vault.");
    public static readonly FaultCode DestinationTooSmall = new(1220, nameof(DestinationTooSmall), "What is to be restored does not fit into the room that is free at the destination.", "Make room, choose another destination or restore a part with -Include; -Force tries all the same, where a file system compresses or says less than it has.");
    public static readonly FaultCode OriginalPlaceUnknown = new(1221, nameof(OriginalPlaceUnknown), "The snapshot does not say where its roots were in a way that this machine can follow.", "Name a folder: with -Destination each root is restored in it under its own name, with -Path it is compared.");
    public static readonly FaultCode DestinationNotGiven = new(1222, nameof(DestinationNotGiven), "Neither -Destination nor -InPlace was given, so it is not clear where to restore to.", "Name a folder with -Destination, or say with -InPlace that everything goes back to where it was.");
    public static readonly FaultCode InPlaceWithOverwrite = new(1223, nameof(InPlaceWithOverwrite), "Both -InPlace and -Overwrite were given, and each decides what is replaced.", "Give one of them.");
    public static readonly FaultCode SnapshotRulesUnknown = new(1224, nameof(SnapshotRulesUnknown), "The snapshot was made by rules that this version cannot follow, so what it lacks cannot be told from what it was never to hold.", "Use the version of this module that made the snapshot, or a newer one.");
    public static readonly FaultCode MirrorUnsafe = new(1225, nameof(MirrorUnsafe), "What the snapshot does not hold may be missing from it for another reason than that it was not there, so nothing may be deleted by it.", "Restore without -Mirror, or by a snapshot that is complete and not suspect.");
    public static readonly FaultCode MirrorNotInPlace = new(1226, nameof(MirrorNotInPlace), "Only a restore in place may delete what the snapshot does not hold.", "Add -InPlace, or leave -Mirror out.");
    public static readonly FaultCode PatternInvalid = new(1103, nameof(PatternInvalid), "An include or exclude pattern is not well formed.", "Correct the pattern; write a backslash before a character that is meant literally.");
    public static readonly FaultCode SourceContainsVault = new(1105, nameof(SourceContainsVault), "What is to be backed up contains the vault itself.", "Exclude the vault's folder with -Exclude, or keep the vault elsewhere.");
    public static readonly FaultCode SourceLimitInvalid = new(1104, nameof(SourceLimitInvalid), "The limits on size or age contradict each other or are negative, so nothing could match.", "Correct the limits.");
}
