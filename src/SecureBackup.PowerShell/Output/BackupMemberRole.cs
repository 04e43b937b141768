namespace SecureBackup.PowerShell.Output;

/// <summary>What a member of a vault may do. Owners may do everything.</summary>
public enum BackupMemberRole
{
    Owner,
    Maintainer,
    Writer,
    Verifier,
    Auditor,
}
