using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>One version of an object in a <see cref="MemoryTarget"/>; what changes about it makes a new one of these.</summary>
internal sealed record MemoryVersion(ObjectName Name, string Id, byte[] Bytes, DateTimeOffset StoreTime)
{
    public string? StorageClass { get; init; }

    public bool IsDeleteMarker { get; init; }

    public ObjectLock? Lock { get; init; }

    public bool LegalHold { get; init; }

    public bool IsFrozen { get; init; }

    /// <summary>When what was frozen can be read, if it was asked for.</summary>
    public (DateTimeOffset From, DateTimeOffset To)? Warmth { get; init; }

    public LockState LockState => new(Lock, LegalHold);

    public bool IsKeptAt(DateTimeOffset now) => LegalHold || Lock?.Until > now;

    public ObjectAccess AccessAt(DateTimeOffset now) => !IsFrozen ? ObjectAccess.Ready
        : Warmth is not var (from, to) || now >= to ? ObjectAccess.Cold
        : now < from ? ObjectAccess.Warming
        : ObjectAccess.Ready;

    public ObjectStat DescribeAt(DateTimeOffset now) => new(Name, Bytes.Length, StoreTime) { Tag = Id, StorageClass = StorageClass, Access = AccessAt(now) };
}
