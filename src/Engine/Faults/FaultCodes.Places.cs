namespace SecureBackup.Engine.Faults;

/// <summary>Where targets are: their addresses, settings and credentials.</summary>
public static partial class FaultCodes
{
    public static readonly FaultCode TargetAddressInvalid = new(1950, nameof(TargetAddressInvalid), "The address of the target is not one that is understood.", "Write it as the message shows, such as s3://bucket/prefix.");
    public static readonly FaultCode CredentialMissing = new(1954, nameof(CredentialMissing), "The target needs a credential, and none was given or found.", "Give one with Set-BackupTarget -Credential, -CredentialSecret, -CredentialVariable or -CredentialFile.");
    public static readonly FaultCode CredentialNotUsable = new(1955, nameof(CredentialNotUsable), "The credential is of a kind that this platform does not take.", "Give what the message names.");
    public static readonly FaultCode PlainHttpRefused = new(1956, nameof(PlainHttpRefused), "The address has no TLS, and data and credentials would travel in the open.", "Use https; -AllowPlainHttp is for a server on this machine or a network of your own.");
    public static readonly FaultCode TargetOptionInvalid = new(1957, nameof(TargetOptionInvalid), "A setting of the target is not one that this platform has, or contradicts another.", "Correct the setting that the message names.");
    public static readonly FaultCode PlatformNotInstalled = new(1959, nameof(PlatformNotInstalled), "The module lacks the part that speaks to this platform.", "Install the module again; the folder engine/targets is missing.");
    public static readonly FaultCode SecretInAddress = new(1960, nameof(SecretInAddress), "An address holds a password, key or token, which would end up in the history.", "Leave it out and give it as a credential.");
    public static readonly FaultCode SetupRefused = new(1962, nameof(SetupRefused), "The platform does not allow this change of the place.", "Do what the message names in the platform's console.");
}
