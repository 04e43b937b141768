namespace SecureBackup.PowerShell.Output;

/// <summary>What a restore does where something stands already. Folders are entered in every case and never removed.</summary>
public enum OverwritePolicy
{
    /// <summary>Leave what is there and restore what is missing.</summary>
    Never,

    /// <summary>Replace files that are older than those in the snapshot.</summary>
    IfNewer,

    /// <summary>Replace what differs in kind, size or modification time.</summary>
    IfDifferent,

    /// <summary>Replace everything that the snapshot holds.</summary>
    Always,
}
