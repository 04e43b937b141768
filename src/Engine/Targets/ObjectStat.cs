using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <param name="StoreTime">Last change by the store's own clock.</param>
public sealed record ObjectStat(ObjectName Name, long LengthBytes, DateTimeOffset StoreTime)
{
    /// <inheritdoc cref="PutReceipt.Tag"/>
    public string? Tag { get; init; }

    public string? StorageClass { get; init; }

    public ObjectAccess Access { get; init; }
}

/// <param name="Bytes">Null where it was longer than the caller takes.</param>
public sealed record WholeObject(ObjectStat Stat, ReadOnlyMemory<byte>? Bytes);

/// <param name="Stat">Of a delete marker: its name and time, no bytes.</param>
public sealed record ObjectVersion(ObjectStat Stat, string Version, bool IsNewest, bool IsDeleteMarker);
