namespace SecureBackup.PowerShell.Output;

/// <summary>How hard a backup compresses. Restores do not depend on it, and one vault holds both.</summary>
public enum BackupCompression
{
    /// <summary>For each kind of content what gives the most for the time.</summary>
    Balanced,

    /// <summary>Smaller by 3 to 8 %, in about one and a quarter times the time.</summary>
    Best,
}
