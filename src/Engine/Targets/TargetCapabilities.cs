namespace SecureBackup.Engine.Targets;

/// <summary>What a target can keep: declared, never guessed, every flag tested both ways.</summary>
public sealed record TargetCapabilities
{
    /// <summary>A put with <see cref="PutOptions.IfAbsent"/> is one atomic step.</summary>
    public required bool ConditionalPut { get; init; }

    /// <summary>A listing shows every earlier put.</summary>
    public required bool ListAfterWrite { get; init; }

    /// <summary>How long a listing may lack an object that was put, at the longest; null where the store gives no bound. Nothing is collected from a store without one.</summary>
    public TimeSpan? MaxListLag { get; init; }

    /// <summary>Nobody with a writer's rights can overwrite or delete.</summary>
    public required bool EnforcesWriteOnce { get; init; }

    public required bool ObjectLock { get; init; }

    public required bool Versions { get; init; }

    public required bool LegalHold { get; init; }

    /// <summary>The store compares the bytes it keeps with the checksum given.</summary>
    public required bool ServerChecksum { get; init; }

    public required long MaxObjectBytes { get; init; }

    /// <summary>What a lock may be asked for; none exactly where <see cref="ObjectLock"/> is not declared.</summary>
    public LockModes LockModes { get; init; }

    /// <summary>Objects may be cold, and can be warmed.</summary>
    public bool ColdStorage { get; init; }

    /// <summary>Listings ascend by name.</summary>
    public bool ListsInOrder { get; init; }

    /// <summary>A request costs no more than a file access: nothing is cached for such a target, nothing done in parallel for its delay's sake.</summary>
    public bool IsNear { get; init; }

    /// <summary>Packs in flight that pay, beside the one being filled. Memory is bounded by it.</summary>
    public int ParallelPuts { get; init; } = 1;

    public int MaxDeletesPerRequest { get; init; } = 1;

    /// <summary>How far two times of the store for things done at once may differ: granularity and its servers' clocks.</summary>
    public TimeSpan StoreTimeTolerance { get; init; }

    /// <summary>What is deleted sooner is paid for all the same; null where there is no such rule.</summary>
    public TimeSpan? MinStorageTime { get; init; }

    public string? Region { get; init; }

    internal TimeSpan ListLag => ListAfterWrite ? StoreTimeTolerance : MaxListLag is { } lag ? lag + StoreTimeTolerance : TimeSpan.MaxValue;
}
