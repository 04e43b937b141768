namespace SecureBackup.PowerShell.Output;

/// <summary>How a backup ended. A run that fails makes no snapshot and is an error.</summary>
public enum BackupOutcome
{
    /// <summary>Everything is in the vault.</summary>
    Succeeded,

    /// <summary>There is a snapshot, and some entries could not be read; each is listed as a fault.</summary>
    SucceededDegraded,

    /// <summary>There is a snapshot that looks wrong, for example empty where there was much: look before you rely on it.</summary>
    Suspect,
}
