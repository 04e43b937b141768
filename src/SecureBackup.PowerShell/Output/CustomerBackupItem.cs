using System.Buffers;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;

namespace SecureBackup.PowerShell.Output;

/// <summary>One entry of one snapshot, as Get-CustomerBackupItem shows it.</summary>
public sealed class CustomerBackupItem
{
    private CustomerBackupItem(string vault, SnapshotItem item)
    {
        var snapshot = item.Snapshot;
        var metadata = item.Metadata;
        Vault = vault;
        Snapshot = snapshot.Id.ToString();
        DataSet = snapshot.DataSet;
        SnapshotTime = snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        Path = item.Path.ToString();
        Include = PatternOf(item.Path);
        Name = item.Path.Depth == 0 ? string.Empty : EntryName.ToDisplay(item.Path.Name);
        Kind = Enum.Parse<BackupItemKind>(metadata.Kind.ToString());
        SizeBytes = metadata.SizeBytes;
        Modified = metadata.ModifiedAt.ToDateTimeOffset().ToLocalTime();
        Mode = (int?)metadata.Mode;
        Owner = metadata.UserName ?? metadata.UserId?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Group = metadata.GroupName ?? metadata.GroupId?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        IsComplete = item.ContentFault is null;
        LinkTarget = metadata.LinkTarget is { } link ? EntryName.ToDisplay(link) : metadata.HardLinkTarget?.ToString();
    }

    /// <summary>Root name first, slashes between; bytes that are no text as <c>\xNN</c>.</summary>
    public string Path { get; }

    public string Name { get; }

    /// <summary>The pattern that means this item alone; by it items flow into <c>Restore-CustomerBackup</c>.</summary>
    public string Include { get; }

    public BackupItemKind Kind { get; }

    public long SizeBytes { get; }

    public DateTimeOffset Modified { get; }

    /// <summary>Unix permission bits; null where the entry has none.</summary>
    public int? Mode { get; }

    /// <summary>User name, or number where the name is not known.</summary>
    public string? Owner { get; }

    public string? Group { get; }

    /// <summary>Where a symbolic link points, or the first name of a file with several.</summary>
    public string? LinkTarget { get; }

    /// <summary>False when the file changed while it was backed up, so that its content may be of different moments.</summary>
    public bool IsComplete { get; }

    /// <summary>Id of the snapshot that holds this version.</summary>
    public string Snapshot { get; }

    public DateTimeOffset SnapshotTime { get; }

    public string DataSet { get; }

    public string Vault { get; }

    public override string ToString() => Path;

    internal static CustomerBackupItem From(string vault, SnapshotItem item) => new(vault, item);

    /// <summary>Anchored at the snapshot's top; a byte that is not UTF-8 cannot be written in a pattern and is any one character.</summary>
    internal static string PatternOf(EntryPath path)
    {
        var pattern = new StringBuilder();
        foreach (var component in path.Components)
        {
            pattern.Append('/');
            for (ReadOnlySpan<byte> rest = component; !rest.IsEmpty;)
            {
                var isText = Rune.DecodeFromUtf8(rest, out var rune, out var consumed) == OperationStatus.Done;
                pattern.Append(!isText ? "?" : rune.Value is '*' or '?' or '[' or ']' or '\\' or '!' or '#' or ' ' ? $"\\{rune}" : rune.ToString());
                rest = rest[(isText ? consumed : 1)..];
            }
        }

        return pattern.ToString();
    }
}

/// <summary>What an entry is.</summary>
public enum BackupItemKind
{
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
