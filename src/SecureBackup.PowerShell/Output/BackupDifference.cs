using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>What became of one path from the older state to the newer one, as Compare-CustomerBackup shows it.</summary>
public sealed class BackupDifference
{
    private BackupDifference(string vault, EntryDifference difference, Snapshot before, Snapshot? after)
    {
        var (old, current) = (difference.Before, difference.After);
        var holder = old is null ? after : before;
        Vault = vault;
        Change = Enum.Parse<BackupChange>(difference.Change.ToString());
        Path = difference.Path.ToString();
        Include = CustomerBackupItem.PatternOf(difference.Path);
        Aspects = difference.Change == DifferenceKind.Changed ? difference.Aspects.ToString().Split(", ") : [];
        ReferenceKind = KindOf(old);
        Kind = KindOf(current);
        ReferenceSizeBytes = old?.SizeBytes;
        SizeBytes = current?.SizeBytes;
        ReferenceModified = old?.ModifiedAt.ToDateTimeOffset().ToLocalTime();
        Modified = current?.ModifiedAt.ToDateTimeOffset().ToLocalTime();
        ReferenceMode = (int?)old?.Mode;
        Mode = (int?)current?.Mode;
        Snapshot = holder?.Id.ToString();
        DataSet = before.DataSet;
    }

    public BackupChange Change { get; }

    /// <summary>Root name first, slashes between; bytes that are no text as <c>\xNN</c>.</summary>
    public string Path { get; }

    /// <summary>In what the two versions differ: Content, Modified, Mode, Owner and so on. Empty unless the path was changed.</summary>
    public IReadOnlyList<string> Aspects { get; }

    /// <summary>What it is now; null where it was removed.</summary>
    public BackupItemKind? Kind { get; }

    /// <summary>What it was; null where it was added.</summary>
    public BackupItemKind? ReferenceKind { get; }

    public long? SizeBytes { get; }

    public long? ReferenceSizeBytes { get; }

    public DateTimeOffset? Modified { get; }

    public DateTimeOffset? ReferenceModified { get; }

    public int? Mode { get; }

    public int? ReferenceMode { get; }

    /// <summary>The pattern that means this path alone; by it differences flow into <c>Restore-CustomerBackup</c>.</summary>
    public string Include { get; }

    /// <summary>Id of the snapshot that holds the older version, or the newer one of what was added; null for what is on the disk alone.</summary>
    public string? Snapshot { get; }

    public string DataSet { get; }

    public string Vault { get; }

    public override string ToString() => $"{Change} {Path}";

    /// <param name="after">Null where the disk is the newer state.</param>
    internal static BackupDifference From(string vault, EntryDifference difference, Snapshot before, Snapshot? after) => new(vault, difference, before, after);

    private static BackupItemKind? KindOf(EntryMetadata? metadata) => metadata is null ? null : Enum.Parse<BackupItemKind>(metadata.Kind.ToString());
}

/// <summary>What became of a path.</summary>
public enum BackupChange
{
    Equal,
    Added,
    Removed,
    Changed,

    /// <summary>Something else stands under the name, such as a folder where a file was.</summary>
    TypeChanged,
}
