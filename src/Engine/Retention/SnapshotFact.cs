using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Retention;

/// <summary>What a snapshot counts for.</summary>
public enum SnapshotStanding
{
    /// <summary>Nothing speaks against it, or a person approved it.</summary>
    Good,

    /// <summary>A content gate tripped and nobody has decided yet.</summary>
    Suspect,

    /// <summary>A person declared it bad.</summary>
    Rejected,
}

/// <summary>All that retention knows of a snapshot.</summary>
public sealed record SnapshotFact
{
    public required SnapshotId Id { get; init; }

    public required DataSetId DataSet { get; init; }

    /// <summary>Who signed it. Snapshots of one data set by several writers are several series: none evicts another's.</summary>
    public required MemberId Writer { get; init; }

    /// <summary>When the backup ended, as its writer claims.</summary>
    public required DateTimeOffset ClaimedTime { get; init; }

    /// <summary>When the manifest was stored, as the store says.</summary>
    public required DateTimeOffset StoreTime { get; init; }

    /// <summary>Its place among all: higher than that of every snapshot that it was made in knowledge of. No two have the same.</summary>
    public required int ChainOrder { get; init; }

    public bool IsVerified { get; init; }

    public SnapshotStanding Standing { get; init; }

    /// <summary>A sentence part for each legal hold on it: the matter and the owner.</summary>
    public IReadOnlyList<string> HeldBy { get; init; } = [];

    internal (DataSetId DataSet, MemberId Writer) Series => (DataSet, Writer);
}
