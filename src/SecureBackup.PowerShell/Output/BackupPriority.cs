namespace SecureBackup.PowerShell.Output;

/// <summary>How much of the processors a long run takes.</summary>
public enum BackupPriority
{
    /// <summary>All of them, as any program.</summary>
    Normal,

    /// <summary>Half of them, and those only when no other program wants them.</summary>
    Low,
}
