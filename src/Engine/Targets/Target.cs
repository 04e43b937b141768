using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>
/// One place that holds a copy of a vault: named, immutable objects of at most <see cref="TargetCapabilities.MaxObjectBytes"/>.
/// What a store must guarantee before it lists members:
/// <list type="bullet">
/// <item>A put that returned is durable; one that threw has left the whole object or nothing under its name, never a part.</item>
/// <item>An object that was put is found by its name at once. Whether listings lag is declared (<see cref="TargetCapabilities.ListAfterWrite"/>).</item>
/// <item>A listing yields each object exactly once, and never a half-written one.</item>
/// <item>Failures are <see cref="TargetException"/> with the right <see cref="TargetFault"/>; cancellation is <see cref="OperationCanceledException"/>.
/// Once the token is observed nothing further is written.</item>
/// <item>All members may be called concurrently. No member retries: the retry wrapper does.</item>
/// <item>Versioned places: reads, stats and lists see the newest version; a delete takes away every version of the name that no lock keeps, never leaves a delete
/// marker, and says <c>Locked</c> where one stays.</item>
/// <item>Opening asks nothing of the store. A missing place (bucket, container, folder) is <c>PlaceMissing</c> from every member, never "no such object".</item>
/// </list>
/// </summary>
public abstract class Target : IAsyncDisposable
{
    /// <summary>For people and errors: an address without any secret.</summary>
    public abstract string DisplayName { get; }

    public abstract TargetCapabilities Capabilities { get; }

    /// <summary>Every request that this target has sent, retried ones included. A wrapper's is that of the target inside.</summary>
    public virtual TargetMeter Meter { get; } = new();

    /// <summary>The same place past any cache of this host: for whoever judges what the store really keeps.</summary>
    public virtual Target Uncached => this;

    /// <summary>Stores an object. With <see cref="PutOptions.IfAbsent"/> an existing name gives <c>AlreadyExists</c> and is left as it is.</summary>
    /// <param name="content">Seekable, from position 0, length known; may be read more than once; not disposed here.</param>
    public abstract Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken);

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/>; fewer bytes there are <c>OutOfRange</c>.</summary>
    public abstract Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>A small object whole, in one request where the store can. Null where there is none; without bytes, and none of them read, where it is longer than <paramref name="maxBytes"/>.</summary>
    public virtual Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

    /// <summary>Null where there is no such object.</summary>
    public abstract Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// All objects whose names start with <paramref name="prefix"/>, which is empty or ends with a slash. Pages are fetched as they are needed and none twice;
    /// ascending by name where <see cref="TargetCapabilities.ListsInOrder"/>.
    /// </summary>
    public abstract IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>The same listing from behind a name on: how one that broke off goes on. Only of targets that list in order.</summary>
    public virtual async IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stat in ListAsync(prefix, cancellationToken))
        {
            if (stat.Name.CompareTo(after) > 0)
            {
                yield return stat;
            }
        }
    }

    /// <summary>Deletes an object; one that is not there is no error.</summary>
    public abstract Task DeleteAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>Deletes many, in as few requests as the store can. All are tried; then the first refusal is thrown, with the names that stay.</summary>
    public virtual Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

    /// <summary>What the store itself says about the lock of the newest version, never what was asked for.</summary>
    public virtual Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) => throw Lacks(nameof(TargetCapabilities.ObjectLock));

    /// <summary>Locks, or lengthens a lock; read back. An earlier end, or a weaker mode, than stands is <c>Locked</c> and changes nothing.</summary>
    public virtual Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) => throw Lacks(nameof(TargetCapabilities.ObjectLock));

    public virtual Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) => throw Lacks(nameof(TargetCapabilities.LegalHold));

    /// <summary>All versions below a prefix, delete markers too, newest first within a name.</summary>
    public virtual IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken) => throw Lacks(nameof(TargetCapabilities.Versions));

    public virtual Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        throw Lacks(nameof(TargetCapabilities.Versions));

    /// <summary>Asks for a cold object to be made readable; asked again it says how far that is. An object that is readable stays as it is.</summary>
    public virtual Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) => throw Lacks(nameof(TargetCapabilities.ColdStorage));

    /// <summary>Bytes that still fit; null where the store does not say.</summary>
    public virtual Task<long?> GetRoomAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    /// <summary>What was read of an object is not what its writer signed: what is kept of it on this host goes, so that the next read asks the store.</summary>
    public virtual void Doubt(ObjectName name)
    {
    }

    /// <summary>This target with <paramref name="wrap"/> around what really reaches the store: inside a cache of this host.</summary>
    internal virtual Target Rewired(Func<Target, Target> wrap) => wrap(this);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary><see cref="TryFetchAsync"/> by this target's other members.</summary>
    protected async Task<WholeObject?> FetchInPartsAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        if (await StatAsync(name, cancellationToken) is not { } stat)
        {
            return null;
        }

        if (stat.LengthBytes > maxBytes)
        {
            return new WholeObject(stat, null);
        }

        var bytes = new byte[stat.LengthBytes];
        await ReadAsync(name, 0, bytes, cancellationToken);
        return new WholeObject(stat, bytes);
    }

    /// <summary><see cref="DeleteManyAsync"/> one by one.</summary>
    protected async Task DeleteEachAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken)
    {
        TargetException? refusal = null;
        var kept = new List<ObjectName>();
        foreach (var name in names)
        {
            try
            {
                await DeleteAsync(name, cancellationToken);
            }
            catch (TargetException exception) when (exception.Fault is TargetFault.Locked or TargetFault.AccessDenied)
            {
                refusal ??= exception;
                kept.Add(name);
            }
        }

        if (refusal is not null)
        {
            throw refusal.Of(kept);
        }
    }

    protected TargetException Lacks(string capability) => new(TargetFault.Unsupported, $"{DisplayName} does not have the capability {capability}.");
}
