using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Drives;

namespace SecureBackup.PowerShell.Output;

/// <summary>What stands in a backup drive: a data set, a snapshot of it, or an entry of a snapshot.</summary>
public sealed class BackupDriveItem
{
    private BackupDriveItem(string vault, string name, BackupDriveItemKind kind)
    {
        Vault = vault;
        Name = name;
        Kind = kind;
    }

    /// <summary>As it stands in the drive's paths.</summary>
    public string Name { get; }

    public BackupDriveItemKind Kind { get; }

    public bool IsContainer => Kind is BackupDriveItemKind.Drive or BackupDriveItemKind.DataSet or BackupDriveItemKind.Snapshot or BackupDriveItemKind.Directory;

    /// <summary>Of a file, or of all files of a snapshot; null for what has none.</summary>
    public long? SizeBytes { get; private init; }

    /// <summary>When a file was modified, a snapshot begun, and of a data set the newest snapshot that counts.</summary>
    public DateTimeOffset? Modified { get; private init; }

    /// <summary>Unix permission bits; null where there are none.</summary>
    public int? Mode { get; private init; }

    /// <summary>Where a symbolic link points, or the first name of a file with several.</summary>
    public string? LinkTarget { get; private init; }

    /// <summary>The pattern that means this entry alone; by it items flow into <c>Restore-CustomerBackup</c>. Null above the entries.</summary>
    public string? Include { get; private init; }

    /// <summary>Id of the snapshot, or of the newest of a data set that counts; null where none does.</summary>
    public string? Snapshot { get; private init; }

    public string? DataSet { get; private init; }

    public string Vault { get; }

    public override string ToString() => Name;

    internal static BackupDriveItem OfDrive(string vault) => new(vault, string.Empty, BackupDriveItemKind.Drive);

    internal static BackupDriveItem OfDataSet(string vault, string dataSet, Snapshot? newest) => new(vault, DrivePath.NameOf(dataSet), BackupDriveItemKind.DataSet)
    {
        Modified = newest is null ? null : Local(newest.StartedAt.ToDateTimeOffset()),
        Snapshot = newest?.Id.ToString(),
        DataSet = dataSet,
    };

    internal static BackupDriveItem OfSnapshot(string vault, Snapshot snapshot, string name) => new(vault, name, BackupDriveItemKind.Snapshot)
    {
        SizeBytes = snapshot.ContentBytes,
        Modified = Local(snapshot.StartedAt.ToDateTimeOffset()),
        Snapshot = snapshot.Id.ToString(),
        DataSet = snapshot.DataSet,
    };

    internal static BackupDriveItem OfEntry(string vault, SnapshotItem item) => new(vault, DrivePath.NameOf(item.Path.Name), Enum.Parse<BackupDriveItemKind>(item.Metadata.Kind.ToString()))
    {
        SizeBytes = item.Metadata.Kind == EntryKind.File ? item.Metadata.SizeBytes : null,
        Modified = Local(item.Metadata.ModifiedAt.ToDateTimeOffset()),
        Mode = (int?)item.Metadata.Mode,
        LinkTarget = item.Metadata.LinkTarget is { } link ? EntryName.ToDisplay(link) : item.Metadata.HardLinkTarget?.ToString(),
        Include = CustomerBackupItem.PatternOf(item.Path),
        Snapshot = item.Snapshot.Id.ToString(),
        DataSet = item.Snapshot.DataSet,
    };

    private static DateTimeOffset Local(DateTimeOffset time) => time.ToLocalTime();
}

/// <summary>What an item of a backup drive is.</summary>
public enum BackupDriveItemKind
{
    Drive = -3,
    DataSet = -2,
    Snapshot = -1,
    File = 1,
    Directory = 2,
    SymbolicLink = 3,
    HardLink = 4,
    Fifo = 5,
    Socket = 6,
    CharacterDevice = 7,
    BlockDevice = 8,
    ReparsePoint = 9,
}
