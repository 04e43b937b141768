namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode EmptyPassphrase = new(1201, nameof(EmptyPassphrase), "The passphrase is empty.", "Give a passphrase of several words.");
    public static readonly FaultCode PassphraseNotText = new(1202, nameof(PassphraseNotText), "The passphrase is not valid Unicode text.", "Type the passphrase again, or check the encoding of where it comes from.");
}
