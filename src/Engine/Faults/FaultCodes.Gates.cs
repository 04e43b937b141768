namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode GateOutOfRange = new(1603, nameof(GateOutOfRange), "A limit of a content gate is out of range.", "Give percentages from 1 to 100 and minima from 0, or switch the gate off by its name with -SkipGate.");
    public static readonly FaultCode NoGoodSnapshot = new(1604, nameof(NoGoodSnapshot), "All snapshots that fit are suspect or rejected, and none is restored unless it is named.", "Look at them with Get-CustomerBackup, approve one with Approve-CustomerBackup, or name the one you want with -Snapshot.");

    public static readonly FaultCode ContentSuspect = new(3400, nameof(ContentSuspect), "A newer version of the module found the content suspect, for a reason that this one does not know.", "Update the module, and look at the snapshot before you approve it.");
    public static readonly FaultCode ContentTooSmall = new(3401, nameof(ContentTooSmall), "The content is smaller than it must be.", "Find out what is missing at the source; approve the snapshot with Approve-CustomerBackup if nothing is.");
    public static readonly FaultCode ContentTooFew = new(3402, nameof(ContentTooFew), "There are fewer files or records than there must be.", "Find out what is missing at the source; approve the snapshot with Approve-CustomerBackup if nothing is.");
    public static readonly FaultCode ContentShrunk = new(3403, nameof(ContentShrunk), "Much of what the last good snapshot held is gone.", "Find out where it went (a disk that was not mounted, a deletion); approve the snapshot with Approve-CustomerBackup if that was meant.");
    public static readonly FaultCode ContentMassChanged = new(3404, nameof(ContentMassChanged), "Most of the content was replaced since the last good snapshot.", "Look at some changed files; approve the snapshot with Approve-CustomerBackup if they are as they should be.");
    public static readonly FaultCode ContentEntropyJumped = new(3405, nameof(ContentEntropyJumped), "New content in place of old no longer compresses, as if something had encrypted it.", "Take the computer off the network and open some changed files; approve the snapshot with Approve-CustomerBackup only if they are readable.");
    public static readonly FaultCode RansomNamesFound = new(3406, nameof(RansomNamesFound), "Files are named as ransomware names what it encrypts, or as its notes.", "Take the computer off the network and look at these files; approve the snapshot with Approve-CustomerBackup only if they are yours.");
    public static readonly FaultCode FilesEmptied = new(3407, nameof(FilesEmptied), "Many files that had content are empty now.", "Find out what emptied them (a dump that failed, a full disk); approve the snapshot with Approve-CustomerBackup if that was meant.");
}
