using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// Keeps on this host what a vault never changes, so that no run fetches it twice: records, manifests, the index. Which of them count, the store's listing says each
/// time; whatever is kept is signed and sealed, so that a false copy is found as it would be on the store. Nothing is served that no listing or put of this process named.
/// </summary>
public sealed class HostCacheTarget : DelegatingTarget
{
    private const int MaxRecordBytes = 1 << 20;
    private const int MaxSegmentBytes = 256 << 20;
    private const int PieceBytes = 16 << 20;

    /// <summary>
    /// What is longer is first read in the parts that are asked for, and whole when so many parts were that a request for each of these bytes would have been paid. One file out of a segment of a
    /// million chunks then costs some pages of 16 KiB and not 48 MB; a run that needs all of it, 48 requests more, once on this host.
    /// </summary>
    private const int WholeBytes = 8 << 20;
    private const int BytesWorthARequest = 1 << 20;
    private const int Stripes = 32;

    private static readonly Dictionary<string, int> Folders = new(StringComparer.Ordinal)
    {
        ["register/"] = MaxRecordBytes,
        ["snapshots/"] = MaxRecordBytes,
        ["removals/"] = MaxRecordBytes,
        ["verifications/"] = MaxRecordBytes,
        ["approvals/"] = MaxRecordBytes,
        ["relocations/"] = MaxRecordBytes,
        ["condemned/"] = MaxRecordBytes,
        ["index/"] = MaxSegmentBytes,
    };

    private readonly HostObjectCache _cache;
    private readonly ConcurrentDictionary<ObjectName, ObjectStat> _known;
    private readonly ConcurrentDictionary<ObjectName, int> _parts = new();
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, Stripes).Select(static _ => new SemaphoreSlim(1))];

    public HostCacheTarget(Target inner, HostObjectCache cache)
        : this(inner, cache, [])
    {
    }

    private HostCacheTarget(Target inner, HostObjectCache cache, ConcurrentDictionary<ObjectName, ObjectStat> known)
        : base(inner)
    {
        _cache = cache;
        _known = known;
    }

    public override Target Uncached => Inner.Uncached;

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var receipt = await Inner.PutAsync(name, content, options, cancellationToken);
        var stat = new ObjectStat(name, receipt.LengthBytes, receipt.StoreTime) { Tag = receipt.Tag };
        if (IsKept(stat))
        {
            content.Position = 0;
            await using (var file = _cache.BeginStore(stat))
            {
                await (file is null ? Task.CompletedTask : content.CopyToAsync(file, cancellationToken));
            }

            _known[name] = stat;
        }

        return receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(name, out var stat) || offset < 0 || offset > stat.LengthBytes - destination.Length)
        {
            await Inner.ReadAsync(name, offset, destination, cancellationToken);
            return;
        }

        if (_cache.TryRead(stat, offset, destination.Span))
        {
            return;
        }

        if (stat.LengthBytes > WholeBytes && _parts.AddOrUpdate(name, 1, static (_, parts) => parts + 1) <= stat.LengthBytes / BytesWorthARequest)
        {
            await Inner.ReadAsync(name, offset, destination, cancellationToken);
            return;
        }

        var gate = _gates[(uint)name.GetHashCode() % Stripes];
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!_cache.TryRead(stat, offset, destination.Span))
            {
                await FetchAsync(stat, offset, destination, cancellationToken);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Folders.ContainsKey(prefix))
        {
            await foreach (var stat in Inner.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }

            yield break;
        }

        var found = new List<ObjectStat>();
        await foreach (var stat in Inner.ListAsync(prefix, cancellationToken))
        {
            if (IsKept(stat))
            {
                _known[stat.Name] = stat;
                found.Add(stat);
            }

            yield return stat;
        }

        _cache.EndListing(prefix, found);
    }

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Forget(name);
        await Inner.DeleteAsync(name, cancellationToken);
    }

    public override async Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            Forget(name);
        }

        await Inner.DeleteManyAsync(names, cancellationToken);
    }

    public override void Doubt(ObjectName name)
    {
        if (_known.TryGetValue(name, out var stat))
        {
            _cache.Drop(stat);
        }

        Inner.Doubt(name);
    }

    public override async ValueTask DisposeAsync()
    {
        _cache.Dispose();
        foreach (var gate in _gates)
        {
            gate.Dispose();
        }

        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal override Target Rewired(Func<Target, Target> wrap) => new HostCacheTarget(wrap(Inner), _cache, _known);

    private static bool IsKept(ObjectStat stat) =>
        stat.Name.Value.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash
        && Folders.TryGetValue(stat.Name.Value[..(slash + 1)], out var maxBytes) && stat.LengthBytes <= maxBytes;

    private void Forget(ObjectName name)
    {
        if (_known.TryRemove(name, out var stat))
        {
            _cache.Drop(stat);
        }
    }

    /// <summary>The whole object in as few requests as memory allows, and of it what was asked for.</summary>
    private async Task FetchAsync(ObjectStat stat, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await using var file = _cache.BeginStore(stat);
        if (file is null)
        {
            await Inner.ReadAsync(stat.Name, offset, destination, cancellationToken);
            return;
        }

        using var piece = OwnedBuffer.Rent((int)Math.Clamp(stat.LengthBytes, 1, PieceBytes));
        for (var at = 0L; at < stat.LengthBytes || at == 0; at += piece.LengthBytes)
        {
            var part = piece.Memory[..(int)Math.Min(piece.LengthBytes, stat.LengthBytes - at)];
            await Inner.ReadAsync(stat.Name, at, part, cancellationToken);
            file.Write(part.Span);
            CopyOverlap(part.Span, at, destination.Span, offset);
        }
    }

    private static void CopyOverlap(ReadOnlySpan<byte> part, long partAt, Span<byte> destination, long destinationAt)
    {
        var from = Math.Max(partAt, destinationAt);
        var to = Math.Min(partAt + part.Length, destinationAt + destination.Length);
        if (from < to)
        {
            part[(int)(from - partAt)..(int)(to - partAt)].CopyTo(destination[(int)(from - destinationAt)..]);
        }
    }
}
