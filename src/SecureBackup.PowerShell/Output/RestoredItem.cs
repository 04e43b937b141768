using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a restore did to an entry.</summary>
public enum RestoreAction
{
    /// <summary>Made, or replaced by what came from the vault alone.</summary>
    Restored,

    /// <summary>It stood there already and is right.</summary>
    Unchanged,

    /// <summary>Built from pieces that stood there and pieces from the vault.</summary>
    Patched,

    /// <summary>Only attributes were set.</summary>
    MetadataOnly,

    /// <summary>It is not in the snapshot, and was removed as asked.</summary>
    Deleted,

    /// <summary>Left as it stood, as asked.</summary>
    Skipped,

    /// <summary>It is not there, or not fully.</summary>
    Failed,
}

/// <summary>What became of one entry of a restore.</summary>
public sealed class RestoredItem
{
    private RestoredItem(Snapshot snapshot, RestoredEntry entry)
    {
        Path = entry.Path.ToString();
        Kind = entry.Kind.ToString();
        Verdict = Enum.Parse<RestoreAction>(entry.Verdict.ToString());
        FetchedBytes = entry.FetchedBytes;
        ReusedBytes = entry.ReusedBytes;
        Fault = entry.Fault is { } fault ? BackupFault.From(fault) : null;
        Snapshot = snapshot.Id.ToString();
    }

    /// <summary>As in the snapshot.</summary>
    public string Path { get; }

    public string Kind { get; }

    public RestoreAction Verdict { get; }

    /// <summary>Content that came from the vault.</summary>
    public long FetchedBytes { get; }

    /// <summary>Content that was taken from the file that stood there.</summary>
    public long ReusedBytes { get; }

    public BackupFault? Fault { get; }

    public string Snapshot { get; }

    internal static RestoredItem From(Snapshot snapshot, RestoredEntry entry) => new(snapshot, entry);
}
