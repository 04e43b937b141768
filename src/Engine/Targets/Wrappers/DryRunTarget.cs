using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <param name="Packs">Of the objects, those that hold content.</param>
public sealed record PlannedPuts(long Packs, long PackBytes, long Objects, long Bytes, long Deletes)
{
    /// <summary>Index segments were put that are not kept, so that what stands in them counts again where it comes again: a real run stores this much at most.</summary>
    public bool IsAtMost { get; init; }
}

/// <summary>
/// Takes everything and sends nothing: what is put is proved as on its way to a store, counted, and found again as if it were there; what is deleted is there no more. Small objects and index
/// segments are kept in memory, up to a limit; of others it is known that they were put, and they cannot be read.
/// </summary>
public sealed class DryRunTarget(Target inner, TimeProvider time) : DelegatingTarget(inner)
{
    private const int MaxObjectBytes = 1 << 20;
    private const long MaxBytes = 64L << 20;
    private const string Packs = "packs/";
    private const string Segments = "index/";

    private readonly ConcurrentDictionary<ObjectName, WholeObject> _put = new();
    private readonly ConcurrentDictionary<ObjectName, bool> _deleted = new();
    private long _keptBytes;
    private bool _hasForgotten;

    /// <summary>What is put is not sent, so that there is nothing to be read back.</summary>
    public override TargetCapabilities Capabilities => base.Capabilities with { ServerChecksum = true, ListsInOrder = false };

    public override Target Uncached => this;

    /// <summary>What would have been sent by now.</summary>
    public PlannedPuts Planned
    {
        get
        {
            var packs = _put.Values.Where(static item => item.Stat.Name.Value.StartsWith(Packs, StringComparison.Ordinal)).ToList();
            return new PlannedPuts(packs.Count, packs.Sum(static pack => pack.Stat.LengthBytes), _put.Count, _put.Values.Sum(static item => item.Stat.LengthBytes), _deleted.Count) { IsAtMost = Volatile.Read(ref _hasForgotten) };
        }
    }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var put = new PutContent(name, content, options);
        put.ThrowIfLongerThan(Capabilities.MaxObjectBytes);
        put.ThrowIfLockNotKept(Capabilities);
        if (options is { IfAbsent: true, IsOwnName: false } && await StatAsync(name, cancellationToken) is not null)
        {
            throw new TargetException(TargetFault.AlreadyExists, $"There is an object '{name}' on {DisplayName} already.");
        }

        using var kept = IsKept(name, put.LengthBytes) ? new MemoryStream((int)put.LengthBytes) : null;
        await put.CopyToAsync(kept ?? Stream.Null, cancellationToken);
        var stat = new ObjectStat(name, put.LengthBytes, time.GetUtcNow());
        _deleted.TryRemove(name, out _);
        return _put.TryAdd(name, new WholeObject(stat, kept is null ? (ReadOnlyMemory<byte>?)null : kept.ToArray())) || !options.IfAbsent
            ? new PutReceipt(stat.LengthBytes, stat.StoreTime)
            : throw new TargetException(TargetFault.AlreadyExists, $"'{name}' was put already in this dry run.");
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!_put.TryGetValue(name, out var found))
        {
            return _deleted.ContainsKey(name) ? throw Missing(name) : Inner.ReadAsync(name, offset, destination, cancellationToken);
        }

        var bytes = found.Bytes ?? throw Missing(name);
        if (offset < 0 || offset > bytes.Length - destination.Length)
        {
            throw new TargetException(TargetFault.OutOfRange, $"'{name}' has {bytes.Length} bytes.");
        }

        bytes.Slice((int)offset, destination.Length).CopyTo(destination);
        return Task.CompletedTask;
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        if (_put.TryGetValue(name, out var found))
        {
            return found.Stat.LengthBytes > maxBytes ? found with { Bytes = null } : found.Bytes is null ? throw Missing(name) : found;
        }

        return _deleted.ContainsKey(name) ? null : await Inner.TryFetchAsync(name, maxBytes, cancellationToken);
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        _put.TryGetValue(name, out var found) ? found.Stat : _deleted.ContainsKey(name) ? null : await Inner.StatAsync(name, cancellationToken);

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stat in Inner.ListAsync(prefix, cancellationToken))
        {
            if (!_put.ContainsKey(stat.Name) && !_deleted.ContainsKey(stat.Name))
            {
                yield return stat;
            }
        }

        foreach (var item in _put.Values.Where(item => item.Stat.Name.Value.StartsWith(prefix, StringComparison.Ordinal)))
        {
            yield return item.Stat;
        }
    }

    public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken) =>
        ListAsync(prefix, cancellationToken).Where(stat => stat.Name.CompareTo(after) > 0);

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_put.TryRemove(name, out _))
        {
            _deleted[name] = true;
        }

        return Task.CompletedTask;
    }

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) => throw Refusal(name);

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) => throw Refusal(name);

    public override Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) => throw Refusal(name);

    private bool IsKept(ObjectName name, long lengthBytes)
    {
        var isSegment = name.Value.StartsWith(Segments, StringComparison.Ordinal);
        if ((isSegment || lengthBytes <= MaxObjectBytes) && Interlocked.Add(ref _keptBytes, lengthBytes) <= MaxBytes)
        {
            return true;
        }

        if (isSegment)
        {
            Volatile.Write(ref _hasForgotten, true);
        }

        return false;
    }

    private TargetException Missing(ObjectName name) => new(TargetFault.NotFound, $"There is no object '{name}' on {DisplayName}: this is a dry run.");

    private static TargetException Refusal(ObjectName name) => new(TargetFault.Unsupported, $"'{name}' is left as it is: this is a dry run.");
}
