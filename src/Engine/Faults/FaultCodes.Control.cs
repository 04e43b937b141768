namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode Malformed = new(3020, nameof(Malformed), "The structure of a stored object is not what the format allows.", "Run Test-CustomerBackup to see what is affected; if another target has a good copy, copy the object back from there.");
    public static readonly FaultCode SignatureInvalid = new(3021, nameof(SignatureInvalid), "An object does not carry a valid signature of the member that it names: it was changed after it was signed.", "Run Test-CustomerBackup to see what is affected; find out who can write to the target.");
    public static readonly FaultCode SignerNotEntitled = new(3022, nameof(SignerNotEntitled), "An object is signed, but not by a member who has the right to it.", "Run Test-CustomerBackup to see what is affected; find out who made this object, and revoke that member if its key was stolen.");
}
