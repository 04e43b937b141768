namespace SecureBackup.PowerShell.Output;

/// <summary>How soon what lies in an archive is to be readable.</summary>
public enum WarmUpSpeed
{
    /// <summary>The cheapest way, often overnight.</summary>
    Bulk,

    /// <summary>Hours.</summary>
    Standard,

    /// <summary>Minutes, or as fast as the class allows; dear.</summary>
    Expedited,
}
