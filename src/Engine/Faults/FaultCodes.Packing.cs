namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode PackMalformed = new(3050, nameof(PackMalformed), "A pack's locator or table says what no pack can hold: overlapping, overflowing or oversized parts.", "Run Test-CustomerBackup to see what is affected; find out who can write to the target.");
    public static readonly FaultCode PackSealBroken = new(3051, nameof(PackSealBroken), "A pack's key or commitment was changed, or the pack was sealed for another vault key.", "Run Test-CustomerBackup to see what is affected; if another target has a good copy, copy the pack back from there.");
    public static readonly FaultCode PackHashMismatch = new(3053, nameof(PackHashMismatch), "A pack is not byte for byte what its writer recorded.", "Run Test-CustomerBackup to see what is affected; if another target has a good copy, copy the pack back from there.");
    public static readonly FaultCode SealVerificationFailed = new(3054, nameof(SealVerificationFailed), "A chunk that was just sealed does not open to what was read; nothing of it was stored.", "Test this machine's memory, then run the backup again.");
    public static readonly FaultCode ChunkMismatch = new(3055, nameof(ChunkMismatch), "A chunk opens, but it is not the content that its id names.", "Run Test-CustomerBackup to see what is affected; find out who holds the key of the writer that the message names.");

    public static readonly FaultCode SubjectKeyMissing = new(4050, nameof(SubjectKeyMissing), "The key of this subject is not at hand: it was destroyed, or never given to this reader.", "Nothing, if the subject was erased; otherwise open the vault with a key that holds the subject's keyring.");
}
