namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode SegmentMalformed = new(3060, nameof(SegmentMalformed), "An index segment is damaged, cut short, or says what no segment can say; the rest of the index is used.", "Run Test-CustomerBackup to see what is affected; if another target has a good copy, copy the segment back from there, or rebuild the index.");
    public static readonly FaultCode SegmentPoisoned = new(3061, nameof(SegmentPoisoned), "A writer's index segment speaks of packs or segments that are not its own; it is ignored.", "Find out who holds the key of the member that the message names, and revoke it if it was stolen.");

    public static readonly FaultCode IndexKeyMissing = new(4051, nameof(IndexKeyMissing), "An object is sealed under an epoch whose index key is not at hand.", "Open the vault with a key that was granted this epoch, or ask an owner to grant it.");
}
