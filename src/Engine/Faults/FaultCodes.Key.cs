namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode WrongKey = new(4001, nameof(WrongKey), "The key at hand is not the one that this was sealed with.", "Check the passphrase or the key file, and that it belongs to this vault.");
    public static readonly FaultCode RecipientKeyInvalid = new(4002, nameof(RecipientKeyInvalid), "A public key cannot be sealed to: it is no valid point or no valid lattice key.", "Use the public key as the vault's owner published it; find out who changed this one.");
    public static readonly FaultCode WeakKeyDerivation = new(4005, nameof(WeakKeyDerivation), "The vault asks to stretch the passphrase with less work than is safe; somebody may have weakened it.", "Do not enter the passphrase; compare the vault with another copy, or open it with a key file.");
    public static readonly FaultCode KeyDerivationTooCostly = new(4006, nameof(KeyDerivationTooCostly), "Stretching the passphrase needs more memory or passes than allowed, or than this machine has.", "Open the vault on a machine with more memory or with a key file; if nobody chose such parameters, the object was tampered with.");
    public static readonly FaultCode NormalizationUnavailable = new(4007, nameof(NormalizationUnavailable), "This process cannot normalise Unicode, so a passphrase with accents would give another key than elsewhere.", "Unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT (and install the ICU libraries on Linux), then start a new process.");
    public static readonly FaultCode CryptoSelfTestFailed = new(4008, nameof(CryptoSelfTestFailed), "A cryptographic algorithm gives wrong answers on this machine; nothing was read or written.", "Repair the installation (reinstall the module and the .NET runtime); if it stays, test the machine's memory.");
}
