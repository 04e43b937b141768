using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>One look at an entry, in terms common to all platforms; ids and change time as the system gave them, trusted or not.</summary>
internal readonly record struct EntryStat
{
    public required EntryKind Kind { get; init; }

    public required long SizeBytes { get; init; }

    public required long AllocatedBytes { get; init; }

    public required Timestamp ModifiedAt { get; init; }

    public required Timestamp ChangedAt { get; init; }

    public required ulong DeviceId { get; init; }

    public required ulong FileId { get; init; }

    public required uint LinkCount { get; init; }

    /// <summary>Whether file id and change time mean what they should on this file system.</summary>
    public required bool HasStableIdentity { get; init; }

    /// <summary>How far apart two changes must be to be seen as two.</summary>
    public required TimeSpan TimeGranularity { get; init; }

    public Timestamp? CreatedAt { get; init; }

    public uint? Mode { get; init; }

    public uint? UserId { get; init; }

    public uint? GroupId { get; init; }

    public uint DeviceMajor { get; init; }

    public uint DeviceMinor { get; init; }

    public uint? WindowsAttributes { get; init; }

    public uint ReparseTag { get; init; }

    public bool IsSparse => Kind == EntryKind.File && AllocatedBytes < SizeBytes;

    public bool IsSameFileAs(in EntryStat other) => DeviceId == other.DeviceId && FileId == other.FileId;

    public bool ShowsSameContentAs(in EntryStat other) =>
        SizeBytes == other.SizeBytes && ModifiedAt == other.ModifiedAt && ChangedAt == other.ChangedAt;

    public EntryIdentity ToIdentity() => HasStableIdentity
        ? new EntryIdentity(ChangedAt, FileId, DeviceId, LinkCount)
        : new EntryIdentity(null, 0, DeviceId, LinkCount);
}
