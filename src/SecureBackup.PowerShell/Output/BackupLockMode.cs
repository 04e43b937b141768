namespace SecureBackup.PowerShell.Output;

/// <summary>In which mode objects can be locked.</summary>
public enum BackupLockMode
{
    None = 0,

    /// <summary>A right of its own may lift a lock.</summary>
    Governance = 1,

    /// <summary>Nobody may.</summary>
    Compliance = 2,
}
