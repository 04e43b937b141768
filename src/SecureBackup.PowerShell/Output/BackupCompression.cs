namespace SecureBackup.PowerShell.Output;

/// <summary>How hard a backup compresses. Restores do not depend on it, and one vault holds both.</summary>
public enum BackupCompression
{
    /// <summary>For each kind of content what gives the most for the time.</summary>
    Balanced,

    /// <summary>Smaller, in about one and a quarter to one and a half times the time.</summary>
    Best,
}
