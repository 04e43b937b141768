namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode NotAnObject = new(3001, nameof(NotAnObject), "The bytes are not those of a stored object: damaged, cut short, or some other file.", "Run Test-CustomerBackup; if another target has a good copy, copy the object back from there.");
    public static readonly FaultCode FrameTampered = new(3002, nameof(FrameTampered), "A sealed part does not open: it was changed, cut, or moved after it was sealed.", "Run Test-CustomerBackup to see what is affected; if another target has a good copy, copy the object back from there.");
    public static readonly FaultCode ObjectMisplaced = new(3003, nameof(ObjectMisplaced), "An object lies under a name that belongs to another one, or comes from another vault.", "Run Test-CustomerBackup to see what is affected; find out who can write to the target.");
    public static readonly FaultCode DecompressionMismatch = new(3004, nameof(DecompressionMismatch), "Compressed bytes do not unpack to what was announced.", "Run Test-CustomerBackup to see what is affected; if another target has a good copy, copy the object back from there.");
    public static readonly FaultCode SealedTooLarge = new(3005, nameof(SealedTooLarge), "A sealed object is larger than the format lets it be.", "Run Test-CustomerBackup to see what is affected; find out who can write to the target.");
}
