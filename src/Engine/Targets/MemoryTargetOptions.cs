namespace SecureBackup.Engine.Targets;

/// <summary>Which store a <see cref="MemoryTarget"/> behaves like; by default a plain folder.</summary>
public sealed record MemoryTargetOptions
{
    public static MemoryTargetOptions Default { get; } = new();

    public bool IsVersioned { get; init; }

    /// <summary>With any of them there are legal holds too.</summary>
    public LockModes LockModes { get; init; }

    public bool HasColdStorage { get; init; }

    public bool IsNear { get; init; } = true;

    public bool ListsInOrder { get; init; }

    /// <summary>So long after it was put an object is in no listing.</summary>
    public TimeSpan ListLag { get; init; }

    /// <summary>Over all versions; null for no bound.</summary>
    public long? QuotaBytes { get; init; }

    public int ParallelPuts { get; init; } = 1;

    /// <summary>How long a cold object takes to become readable.</summary>
    public TimeSpan WarmsWithin { get; init; }
}
