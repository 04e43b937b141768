using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Requests;

/// <summary>A real store under a clock that the test moves: an object is as old as it is by that clock since it was put.</summary>
internal sealed class ClockedTarget(Target inner, TimeProvider clock) : DelegatingTarget(inner)
{
    private readonly ConcurrentDictionary<ObjectName, DateTimeOffset> _times = new();

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var receipt = await base.PutAsync(name, content, options, cancellationToken);
        return receipt with { StoreTime = _times[name] = clock.GetUtcNow() };
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) =>
        await base.TryFetchAsync(name, maxBytes, cancellationToken) is { } found ? found with { Stat = Clocked(found.Stat) } : null;

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        await base.StatAsync(name, cancellationToken) is { } stat ? Clocked(stat) : null;

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stat in base.ListAsync(prefix, cancellationToken))
        {
            yield return Clocked(stat);
        }
    }

    private ObjectStat Clocked(ObjectStat stat) => stat with { StoreTime = _times[stat.Name] };
}
