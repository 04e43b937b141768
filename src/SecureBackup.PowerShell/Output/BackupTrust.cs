namespace SecureBackup.PowerShell.Output;

/// <summary>Whose packs a backup host leaves out of its own backups because they hold the same.</summary>
public enum BackupTrust
{
    /// <summary>Its own, owners', and those that a verifier opened and attested.</summary>
    Attested,

    /// <summary>Every member's, at their word.</summary>
    Vault,
}
