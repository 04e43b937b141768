using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>
/// One place that holds a copy of a vault: named, immutable objects of at most <see cref="TargetCapabilities.MaxObjectBytes"/>.
/// What a store must guarantee before it lists members:
/// <list type="bullet">
/// <item>A put that returned is durable; one that threw has left the whole object or nothing under its name, never a part.</item>
/// <item>An object that was put is found by its name at once. Whether listings lag is declared (<see cref="TargetCapabilities.ListAfterWrite"/>).</item>
/// <item>A listing yields each object exactly once, in no particular order, and never a half-written one.</item>
/// <item>Failures are <see cref="Faults.TargetException"/> with the right <see cref="Faults.TargetFault"/>; cancellation is <see cref="OperationCanceledException"/>.
/// Once the token is observed nothing further is written.</item>
/// <item>All members may be called concurrently. No member retries: the retry wrapper does.</item>
/// </list>
/// </summary>
public abstract class Target : IAsyncDisposable
{
    /// <summary>For people and errors: an address without any secret.</summary>
    public abstract string DisplayName { get; }

    public abstract TargetCapabilities Capabilities { get; }

    /// <summary>Stores an object. With <see cref="PutOptions.IfAbsent"/> an existing name gives <c>AlreadyExists</c> and is left as it is.</summary>
    /// <param name="content">Seekable, from position 0, length known; may be read more than once; not disposed here.</param>
    public abstract Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken);

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>; fewer bytes there are <c>OutOfRange</c>.</summary>
    public abstract Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Null where there is no such object.</summary>
    public abstract Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>All objects whose names start with <paramref name="prefix"/>, which is empty or ends with a slash.</summary>
    public abstract IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Deletes an object; one that is not there is no error.</summary>
    public abstract Task DeleteAsync(ObjectName name, CancellationToken cancellationToken);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <param name="IfAbsent">Never overwrite: refuse if the name exists.</param>
/// <param name="Sha256">What the bytes must hash to; a store that can check it does, others compare what they wrote.</param>
public sealed record PutOptions(bool IfAbsent = true, ContentHash? Sha256 = null)
{
    public static PutOptions Default { get; } = new();
}

/// <param name="LengthBytes">Bytes stored.</param>
/// <param name="StoreTime">When, by the store's own clock.</param>
public sealed record PutReceipt(long LengthBytes, DateTimeOffset StoreTime);

/// <param name="StoreTime">Last change by the store's own clock.</param>
public sealed record ObjectStat(ObjectName Name, long LengthBytes, DateTimeOffset StoreTime);

/// <summary>What a target can keep: declared, never guessed, every flag tested both ways.</summary>
public sealed record TargetCapabilities
{
    /// <summary>A put with <see cref="PutOptions.IfAbsent"/> is one atomic step.</summary>
    public required bool ConditionalPut { get; init; }

    /// <summary>A listing shows every earlier put.</summary>
    public required bool ListAfterWrite { get; init; }

    /// <summary>How long a listing may lack an object that was put, at the longest; null where the store gives no bound. Nothing is collected from a store without one.</summary>
    public TimeSpan? MaxListLag { get; init; }

    /// <summary>Nobody with a writer's rights can overwrite or delete.</summary>
    public required bool EnforcesWriteOnce { get; init; }

    public required bool ObjectLock { get; init; }

    public required bool Versions { get; init; }

    public required bool LegalHold { get; init; }

    /// <summary>The store compares the bytes it keeps with the checksum given.</summary>
    public required bool ServerChecksum { get; init; }

    public required long MaxObjectBytes { get; init; }

    internal TimeSpan ListLag => ListAfterWrite ? TimeSpan.Zero : MaxListLag ?? TimeSpan.MaxValue;
}
