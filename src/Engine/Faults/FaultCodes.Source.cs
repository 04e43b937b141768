namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode EntryUnreadable = new(6001, nameof(EntryUnreadable), "This entry could not be opened or read.", "Give the account of the backup the right to read it, or exclude it.");
    public static readonly FaultCode EntryVanished = new(6002, nameof(EntryVanished), "This entry was listed and then was gone.", "Nothing, if it was meant to be deleted; otherwise run the backup again.");
    public static readonly FaultCode EntryChanged = new(6003, nameof(EntryChanged), "This file kept changing while it was read, so no consistent copy exists.", "Back it up while nothing writes to it, or from a file system snapshot.");
    public static readonly FaultCode EntryLocked = new(6004, nameof(EntryLocked), "Another process holds this file locked.", "Close the program that holds it, or back up from a volume snapshot.");
    public static readonly FaultCode DirectoryUnreadable = new(6005, nameof(DirectoryUnreadable), "This folder could not be listed; what is in it is not in the backup.", "Give the account of the backup the right to list it, or exclude it.");
    public static readonly FaultCode AttributeUnreadable = new(6006, nameof(AttributeUnreadable), "An attribute of this entry (extended attribute, access list or stream) could not be read.", "Give the account of the backup the right to read it.");
    public static readonly FaultCode IgnoreFileInvalid = new(6007, nameof(IgnoreFileInvalid), "This ignore file could not be read or holds a line that is no pattern; what it cannot exclude is in the backup.", "Correct the line that the message names.");
}
