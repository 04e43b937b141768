using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;

namespace SecureBackup.Engine.Vault;

/// <summary>How the backup ended; numbers as stored.</summary>
public enum SnapshotOutcome
{
    Succeeded = 0,
    SucceededDegraded = 1,
    Suspect = 2,
}

/// <summary>What a snapshot holds; numbers as stored.</summary>
public enum SnapshotKind
{
    Files = 0,

    /// <summary>Objects of the pipeline, in one stream or one entry a subject (docs/format/records.md).</summary>
    Records = 1,
}

/// <summary>What a manifest's metadata part says: readable with the metadata key, without the vault's private key.</summary>
public sealed record SnapshotSummary
{
    public required DataSetId DataSetId { get; init; }

    public required string DataSet { get; init; }

    /// <summary>As the writer's clock claims.</summary>
    public required Timestamp StartedAt { get; init; }

    public required Timestamp EndedAt { get; init; }

    public required string HostName { get; init; }

    /// <summary>Ascending, each once.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    public long EntryCount { get; init; }

    public long FileCount { get; init; }

    public long ContentBytes { get; init; }

    /// <summary>Newly stored by this run.</summary>
    public long StoredBytes { get; init; }

    public long FaultCount { get; init; }

    public SnapshotOutcome Outcome { get; init; }

    public required IReadOnlyList<ObjectId> ReferencePages { get; init; }

    /// <summary>Packs in the reference set.</summary>
    public required int PackCount { get; init; }

    public SnapshotKind Kind { get; init; }

    /// <summary>What content gates found, if anything.</summary>
    public IReadOnlyList<GateFinding> Findings { get; init; } = [];

    /// <summary>Null in snapshots of versions that measured nothing.</summary>
    public ContentFigures? Figures { get; init; }

    /// <summary>Records of all subjects together; 0 in a snapshot of files.</summary>
    public long RecordCount { get; init; }

    /// <summary>Subjects whose records are sealed under keys of their own.</summary>
    public long SubjectCount { get; init; }
}

/// <summary>The signed frame of a manifest, in the clear.</summary>
/// <param name="Sequence">Among the writer's manifests, from 0.</param>
/// <param name="Previous">The writer's last manifest before; null for sequence 0.</param>
/// <param name="Others">Heads of other writers that the writer knew.</param>
public sealed record ManifestBody(
    RegisterHead Register, MemberId Writer, ulong Sequence, ManifestReference? Previous, IReadOnlyList<ManifestReference> Others, Id256 Session)
{
    internal ReadOnlyMemory<byte> MetadataPart { get; init; }

    internal ReadOnlyMemory<byte> OwnerPart { get; init; }

    internal IEnumerable<ManifestReference> Predecessors => Previous is { } previous ? Others.Prepend(previous) : Others;
}

/// <summary>One finished backup: a manifest that was verified and accepted.</summary>
public sealed record Snapshot
{
    public required SnapshotId Id { get; init; }

    /// <summary>Of the whole manifest.</summary>
    public required ContentHash Hash { get; init; }

    public required ManifestBody Body { get; init; }

    public required SnapshotSummary Summary { get; init; }

    public required uint Epoch { get; init; }

    /// <summary>When the store says that the manifest was written; a copied vault has other dates.</summary>
    public required DateTimeOffset StoreTime { get; init; }

    /// <summary>When the newest check was made, if it found no fault; null otherwise.</summary>
    public DateTimeOffset? LastVerifiedAt { get; init; }

    /// <summary>What a person decided last; null while nobody has.</summary>
    public SnapshotDecision? Decision { get; init; }

    /// <summary>What it counts for: a suspect one waits for a decision, and any may be rejected.</summary>
    public SnapshotStanding Standing => Decision?.Verdict switch
    {
        SnapshotVerdict.Approved => SnapshotStanding.Good,
        SnapshotVerdict.Rejected => SnapshotStanding.Rejected,
        _ => Outcome == SnapshotOutcome.Suspect ? SnapshotStanding.Suspect : SnapshotStanding.Good,
    };

    public bool IsVerified => LastVerifiedAt is not null;

    public ManifestReference Reference => new(Id, Hash);

    public MemberId Writer => Body.Writer;

    public ulong Sequence => Body.Sequence;

    public DataSetId DataSetId => Summary.DataSetId;

    public string DataSet => Summary.DataSet;

    public Timestamp StartedAt => Summary.StartedAt;

    public Timestamp EndedAt => Summary.EndedAt;

    public string HostName => Summary.HostName;

    public IReadOnlyList<string> Tags => Summary.Tags;

    public long EntryCount => Summary.EntryCount;

    public long FileCount => Summary.FileCount;

    public long ContentBytes => Summary.ContentBytes;

    public long StoredBytes => Summary.StoredBytes;

    public long FaultCount => Summary.FaultCount;

    public SnapshotOutcome Outcome => Summary.Outcome;

    public IReadOnlyList<ObjectId> ReferencePages => Summary.ReferencePages;

    public int PackCount => Summary.PackCount;

    public SnapshotKind Kind => Summary.Kind;

    /// <exception cref="RequestException">RecordsAreNotFiles.</exception>
    public void RequireFiles()
    {
        if (Kind == SnapshotKind.Records)
        {
            throw new RequestException(FaultCodes.RecordsAreNotFiles, $"The snapshot {Id} of '{DataSet}' holds {Summary.RecordCount:N0} records, and no files.");
        }
    }
}
