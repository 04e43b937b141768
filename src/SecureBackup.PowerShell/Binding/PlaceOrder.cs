using SecureBackup.Engine.Targets;

namespace SecureBackup.PowerShell.Binding;

/// <summary>What a place is to become, without a type of the stores' assembly, which is loaded only when a store is asked.</summary>
internal sealed record PlaceOrder
{
    public LockMode? Lock { get; init; }

    public int? DefaultRetentionDays { get; init; }

    public int? ArchiveAfterDays { get; init; }

    public string? ArchiveClass { get; init; }

    public string? KmsKey { get; init; }

    public bool KeepsVersions { get; init; }

    public int? NoncurrentDays { get; init; }

    public bool AllowsIrreversible { get; init; }

    /// <summary>Takes off a registered target what was found out of its place, before that may become otherwise.</summary>
    public required Func<CancellationToken, Task> ForgetAsync { get; init; }
}

/// <summary>What was said to a change.</summary>
internal enum PlaceAnswer
{
    Yes,
    No,

    /// <summary>It is only to be shown.</summary>
    Trial,
}
