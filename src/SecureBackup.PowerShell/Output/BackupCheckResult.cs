namespace SecureBackup.PowerShell.Output;

/// <summary>What one check of a target found.</summary>
public enum BackupCheckResult
{
    Passed,
    Failed,

    /// <summary>The platform, or this server of it, has no such thing.</summary>
    NotOffered,

    /// <summary>The credential may not ask, or the answer does not say.</summary>
    CannotTell,

    /// <summary>The time was over before, or an earlier failure leaves no sense in it.</summary>
    NotReached,
}
