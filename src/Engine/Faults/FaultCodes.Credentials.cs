namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode VaultExists = new(1310, nameof(VaultExists), "There is a vault at this place already.", "Use that vault, or choose another place for the new one.");
    public static readonly FaultCode TargetNotEmpty = new(1311, nameof(TargetNotEmpty), "There are other objects at this place; a vault wants a place of its own.", "Choose an empty folder.");
    public static readonly FaultCode NoUnlocker = new(1312, nameof(NoUnlocker), "A vault that nothing can unlock would be lost at once.", "Give a passphrase, or a path for a key file, or both.");
    public static readonly FaultCode InvalidVaultOption = new(1313, nameof(InvalidVaultOption), "A setting for the vault or a member is not one that can be kept.", "Give a value as the message says.");
    public static readonly FaultCode KeyFileExists = new(1314, nameof(KeyFileExists), "There is a file of this name already; keys are never overwritten.", "Choose another path, or move the file away if you are sure that nobody needs it.");
    public static readonly FaultCode KeyFileNotWritable = new(1315, nameof(KeyFileNotWritable), "The key file could not be written.", "Check that the folder exists, that you may write there, and that the disk is not full.");
    public static readonly FaultCode BundleMismatch = new(3030, nameof(BundleMismatch), "The owner's stored keys are not those that the vault's register names.", "Do not write to this vault; compare it with another copy, and find out who can write to the target.");
    public static readonly FaultCode WrongPassphrase = new(4010, nameof(WrongPassphrase), "The passphrase does not open this vault.", "Type it again; check the keyboard layout and whether it is the passphrase of this vault.");
    public static readonly FaultCode NoSuchUnlocker = new(4011, nameof(NoSuchUnlocker), "The vault cannot be opened in this way: it has no unlocker of this kind.", "Open it in another way: with a key file if there is no passphrase, with the passphrase if the key file was removed.");
    public static readonly FaultCode KeyOfAnotherVault = new(4012, nameof(KeyOfAnotherVault), "The key file belongs to another vault.", "Use the key file that was made for this vault.");
    public static readonly FaultCode KeyNotGranted = new(4013, nameof(KeyNotGranted), "This member was not given the key that this takes.", "Use the key of a member whose role includes it, or let an owner grant it.");
    public static readonly FaultCode KeyFileMalformed = new(4014, nameof(KeyFileMalformed), "The file is not a key file of this product, or it is damaged.", "Give the key file as it was written; restore it from where you keep its copy.");
    public static readonly FaultCode KeyFileUnreadable = new(4015, nameof(KeyFileUnreadable), "The key file is not there or may not be read.", "Check the path and its rights; mount the medium it lies on.");
    public static readonly FaultCode KeyFileExposed = new(4016, nameof(KeyFileExposed), "Other users of this computer can read the key file.", "Take their rights away (chmod 600); if they may have read it, use a new key from now on and keep this one from being used.");
    public static readonly FaultCode MemberRevoked = new(4017, nameof(MemberRevoked), "The owner of this vault revoked this key.", "Ask the owner of the vault for a new key.");
    public static readonly FaultCode MemberUnknown = new(4018, nameof(MemberUnknown), "The key is not that of a member of this vault.", "Let the owner export a new key; the export of this one may have been interrupted.");
    public static readonly FaultCode NotAnOwner = new(4019, nameof(NotAnOwner), "Only an owner of the vault can do this.", "Open the vault with the owner's passphrase or key file.");
    public static readonly FaultCode NotAReader = new(4020, nameof(NotAReader), "This key does not hold the vault's private keys: it cannot open what was backed up.", "Open the vault with the owner's passphrase or key file, or with the key of a verifier that may read.");
}
