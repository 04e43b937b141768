using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What a restore did to one entry.</summary>
public enum RestoreVerdict
{
    /// <summary>Made, or replaced by what came from the vault alone.</summary>
    Restored,

    /// <summary>It stood there already and is right.</summary>
    Unchanged,

    /// <summary>A file was built from pieces that stood there and pieces from the vault.</summary>
    Patched,

    /// <summary>Only attributes were set.</summary>
    MetadataOnly,

    /// <summary>It is not in the snapshot, and was removed as asked.</summary>
    Deleted,

    /// <summary>Left as it stood, as asked.</summary>
    Skipped,

    /// <summary>It is not there, or not fully; the fault says why.</summary>
    Failed,
}

/// <summary>The verdict on one entry. Entries with faults about attributes alone have both a verdict and a fault.</summary>
/// <param name="FetchedBytes">Content that came from the vault.</param>
/// <param name="ReusedBytes">Content that was taken from the file that stood there.</param>
public sealed record RestoredEntry(EntryPath Path, EntryKind Kind, RestoreVerdict Verdict, long FetchedBytes, long ReusedBytes)
{
    public EntryFault? Fault { get; init; }
}
