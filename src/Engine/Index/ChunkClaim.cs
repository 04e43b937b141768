namespace SecureBackup.Engine.Index;

public enum ChunkState
{
    /// <summary>Nobody has it: the claimant stores it, and nobody else will.</summary>
    New,

    /// <summary>Another claimant of this run is storing it.</summary>
    Pending,

    /// <summary>It is stored, in a place that may be relied on.</summary>
    Known,
}

/// <summary>The answer to a claim.</summary>
/// <param name="Location">Where it lies, if known.</param>
public readonly record struct ChunkClaim(ChunkState State, ChunkLocation? Location)
{
    /// <summary>Of a new one: where it lies all the same, in places that may not be relied on.</summary>
    public IReadOnlyList<ChunkLocation> Elsewhere { get => field ?? []; init; }

    public static ChunkClaim New { get; } = new(ChunkState.New, null);

    public static ChunkClaim Pending { get; } = new(ChunkState.Pending, null);

    public static ChunkClaim Known(ChunkLocation location) => new(ChunkState.Known, location);
}
