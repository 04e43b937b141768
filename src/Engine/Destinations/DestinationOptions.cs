namespace SecureBackup.Engine.Destinations;

/// <summary>What happens to what stands in an entry's place. Folders are entered in every mode and never removed.</summary>
public enum OverwriteMode
{
    Never,

    /// <summary>Replace what has an older modification time.</summary>
    IfNewer,

    /// <summary>Replace what differs in kind, size or modification time.</summary>
    IfDifferent,
    Always,
}

public enum OwnerMapping
{
    /// <summary>By name where this system knows the name, else by number.</summary>
    ByName,

    /// <summary>By number alone: the choice for a disk that goes back into another machine.</summary>
    Numeric,
}

public sealed record DestinationOptions
{
    public static DestinationOptions Default { get; } = new();

    /// <summary>Null: the destination must be empty.</summary>
    public OverwriteMode? Overwrite { get; init; }

    /// <summary>What stands there is made as the snapshot has it: kept where it is right, replaced where it is not. <see cref="Overwrite"/> says nothing then.</summary>
    public bool InPlace { get; init; }

    /// <summary>In place: a link where a folder belongs is replaced by the folder. Without it nothing is restored behind the link.</summary>
    public bool ReplacesLinks { get; init; }

    /// <summary>Full paths of folders in which nothing is made, changed or removed, wherever entries come from: the vault, and what this host remembers about vaults.</summary>
    public IReadOnlyList<string> ClosedFolders { get; init; } = [];

    /// <summary>
    /// Restore owners, devices, set-id bits and the system's attributes, as far as the account may; null is true. The set-id bits
    /// and devices need an administrator's account as well.
    /// </summary>
    public bool? RestoreOwner { get; init; }

    public OwnerMapping OwnerMapping { get; init; }

    /// <summary>Most files held open at once; others in progress are closed and opened again when bytes for them come.</summary>
    public int MaxOpenFiles { get; init; } = 256;
}
