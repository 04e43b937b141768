using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Entries;

public enum EntryKind : byte
{
    File = 1,
    Directory = 2,
    SymbolicLink = 3,

    /// <summary>A further name of a file; <see cref="EntryMetadata.HardLinkTarget"/> is its first name in path order.</summary>
    HardLink = 4,
    Fifo = 5,
    Socket = 6,
    CharacterDevice = 7,
    BlockDevice = 8,

    /// <summary>Windows: a junction or another reparse point; <see cref="EntryMetadata.ReparseData"/> holds its buffer.</summary>
    ReparsePoint = 9,
}

/// <summary>
/// What an entry <em>is</em>: what a restore brings back. What changes without meaning stands in <see cref="EntryIdentity"/>.
/// Absent values are null: nothing is invented for a platform that lacks it.
/// </summary>
public sealed record EntryMetadata
{
    public required EntryKind Kind { get; init; }

    /// <summary>Length of the content in bytes; 0 for what has none.</summary>
    public long SizeBytes { get; init; }

    public Timestamp ModifiedAt { get; init; }

    /// <summary>Birth time where the platform can also set it (Windows).</summary>
    public Timestamp? CreatedAt { get; init; }

    /// <summary>Unix permission bits, 0 to 07777.</summary>
    public uint? Mode { get; init; }

    public uint? UserId { get; init; }

    public uint? GroupId { get; init; }

    public string? UserName { get; init; }

    public string? GroupName { get; init; }

    public uint DeviceMajor { get; init; }

    public uint DeviceMinor { get; init; }

    /// <summary>Target of a symbolic link, as stored in it.</summary>
    public byte[]? LinkTarget { get; init; }

    public EntryPath? HardLinkTarget { get; init; }

    /// <summary>Extended attributes by name in byte order, POSIX access lists included (<c>system.posix_acl_access</c>).</summary>
    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes { get; init; } = [];

    /// <summary>Windows file attributes.</summary>
    public uint? WindowsAttributes { get; init; }

    /// <summary>Windows: self-relative security descriptor.</summary>
    public byte[]? SecurityDescriptor { get; init; }

    /// <summary>Windows: raw reparse buffer.</summary>
    public byte[]? ReparseData { get; init; }

    /// <summary>Windows: alternate data streams by name.</summary>
    public IReadOnlyList<AlternateStream> AlternateStreams { get; init; } = [];

    /// <summary>Holes of a sparse file, ascending, not touching; their bytes read as zeros. Hints: a restore leaves holes there.</summary>
    public IReadOnlyList<FileExtent> Holes { get; init; } = [];
}

public sealed record ExtendedAttribute(byte[] Name, byte[] Value);

/// <param name="Name">As in WTF-8, without colons and type.</param>
public sealed record AlternateStream(byte[] Name, long SizeBytes);

/// <summary>A stretch of a file, in bytes.</summary>
public readonly record struct FileExtent(long Offset, long LengthBytes);

/// <summary>What tells whether an entry is the same as at the last run, and means nothing on another disk.</summary>
/// <param name="ChangedAt">Unix ctime, Windows change time; null where it cannot be trusted.</param>
/// <param name="FileId">Inode or file id; 0 where it cannot be trusted.</param>
/// <param name="LinkCount">Number of names of this file.</param>
public sealed record EntryIdentity(Timestamp? ChangedAt, ulong FileId, ulong DeviceId, uint LinkCount);
