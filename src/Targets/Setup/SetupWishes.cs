using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Setup;

/// <summary>What a place is to become, beside private, encrypted and reached by TLS alone, which it always becomes.</summary>
public sealed record SetupWishes
{
    /// <summary>A quarter: time enough to see that something was deleted that should not have been.</summary>
    public const int UsualNoncurrentDays = 90;

    /// <summary>Locks of this mode can be put on objects; null leaves object lock as it is.</summary>
    public LockMode? Lock { get; init; }

    /// <summary>Of every object that says nothing else; in <see cref="Lock"/>'s mode.</summary>
    public int? DefaultRetentionDays { get; init; }

    /// <summary>For packs alone; null leaves what there is.</summary>
    public int? ArchiveAfterDays { get; init; }

    /// <summary>By the platform's own name; null is its usual one.</summary>
    public string? ArchiveClass { get; init; }

    public string? KmsKey { get; init; }

    public bool KeepsVersions { get; init; } = true;

    /// <summary>After which versions that are no longer the newest go; null leaves what there is, and else is <see cref="UsualNoncurrentDays"/>.</summary>
    public int? NoncurrentDays { get; init; }

    /// <summary>Without it nothing is planned that cannot be taken back.</summary>
    public bool AllowsIrreversible { get; init; }
}
