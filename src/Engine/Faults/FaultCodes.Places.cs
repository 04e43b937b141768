namespace SecureBackup.Engine.Faults;

/// <summary>Where targets are: their addresses, settings and credentials.</summary>
public static partial class FaultCodes
{
    public static readonly FaultCode TargetAddressInvalid = new(1950, nameof(TargetAddressInvalid), "The address of the target is not one that is understood.", "Write it as the message shows, such as s3://bucket/prefix.");
    public static readonly FaultCode NoSuchTarget = new(1951, nameof(NoSuchTarget), "No target is registered under this name.", "Look with Get-BackupTarget, or register it with Register-BackupTarget.");
    public static readonly FaultCode TargetNameTaken = new(1952, nameof(TargetNameTaken), "A target of this name is registered already.", "Choose another name, or change that one with Set-BackupTarget.");
    public static readonly FaultCode PlaceAmbiguous = new(1953, nameof(PlaceAmbiguous), "The name is that of a registered target and of a folder here.", "Write target:name for the target, or ./name for the folder.");
    public static readonly FaultCode CredentialMissing = new(1954, nameof(CredentialMissing), "The target needs a credential, and none was given or found.", "Give one with Set-BackupTarget -Credential, -CredentialSecret, -CredentialVariable or -CredentialFile.");
    public static readonly FaultCode CredentialNotUsable = new(1955, nameof(CredentialNotUsable), "The credential is of a kind that this platform does not take.", "Give what the message names.");
    public static readonly FaultCode PlainHttpRefused = new(1956, nameof(PlainHttpRefused), "The address has no TLS, and data and credentials would travel in the open.", "Use https; -AllowPlainHttp is for a server on this machine or a network of your own.");
    public static readonly FaultCode TargetOptionInvalid = new(1957, nameof(TargetOptionInvalid), "A setting of the target is not one that this platform has, or contradicts another.", "Correct the setting that the message names.");
    public static readonly FaultCode TargetFileDamaged = new(1958, nameof(TargetFileDamaged), "The file of a registered target cannot be read.", "Register the target again with -Force.");
    public static readonly FaultCode PlatformNotInstalled = new(1959, nameof(PlatformNotInstalled), "The module lacks the part that speaks to this platform.", "Install the module again; the folder engine/targets is missing.");
    public static readonly FaultCode SecretInAddress = new(1960, nameof(SecretInAddress), "An address holds a password, key or token, which would end up in the history.", "Leave it out and give it as a credential.");
    public static readonly FaultCode TimetableInvalid = new(1961, nameof(TimetableInvalid), "A line of the bandwidth timetable is not understood.", "Write lines such as 'Mon-Fri 08:00-18:00 2MB' or 'Sat,Sun unlimited'.");
    public static readonly FaultCode SetupRefused = new(1962, nameof(SetupRefused), "The platform does not allow this change of the place.", "Do what the message names in the platform's console.");
    public static readonly FaultCode CredentialNotStorable = new(1963, nameof(CredentialNotStorable), "The credential could not be stored on this computer.", "Register with -CredentialSecret, -CredentialVariable or -CredentialFile.");
    public static readonly FaultCode NamesNotExclusive = new(1964, nameof(NamesNotExclusive), "The place does not refuse a second put of a name, so of two owners that change the vault at the same moment one may overwrite the other's change.", "Let one owner at a time change keys, members and rules; backups and restores are not affected.");
}
