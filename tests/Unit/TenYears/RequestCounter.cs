using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>Counts what is asked of the target, and what was ever stored in packs.</summary>
internal sealed class RequestCounter(Target inner) : DelegatingTarget(inner)
{
    private long _requests;
    private long _packBytes;

    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Of all packs that were ever stored, whatever became of them.</summary>
    public long PackBytesEver => Interlocked.Read(ref _packBytes);

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        var receipt = await base.PutAsync(name, content, options, cancellationToken);
        if (name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal))
        {
            Interlocked.Add(ref _packBytes, receipt.LengthBytes);
        }

        return receipt;
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        return base.ReadAsync(name, offset, destination, cancellationToken);
    }

    public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        return base.TryFetchAsync(name, maxBytes, cancellationToken);
    }

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        return base.StatAsync(name, cancellationToken);
    }

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        return base.ListAsync(prefix, cancellationToken);
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        return base.DeleteAsync(name, cancellationToken);
    }

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);
}

/// <summary>What one action took. Processor time, since what else the machine does is not the vault's; with its target in memory nothing waits.</summary>
internal readonly record struct Cost(double Milliseconds, long Requests)
{
    /// <summary>The one in the middle, of each number by itself.</summary>
    public static Cost MedianOf(IReadOnlyList<Cost> costs) => costs.Count == 0
        ? default
        : new(costs.Select(static cost => cost.Milliseconds).Order().ElementAt(costs.Count / 2), costs.Select(static cost => cost.Requests).Order().ElementAt(costs.Count / 2));

    /// <summary>The dearest.</summary>
    public static Cost MostOf(IReadOnlyList<Cost> costs) => costs.Count == 0
        ? default
        : new(costs.Max(static cost => cost.Milliseconds), costs.Max(static cost => cost.Requests));
}
