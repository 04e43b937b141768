using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>A place with a default retention: what is stored is kept so long by the store's clock, whoever deletes it.</summary>
internal sealed class RetainingTarget(Target inner, TimeProvider time, TimeSpan retention) : DelegatingTarget(inner)
{
    /// <summary>What the retention applies to.</summary>
    internal Func<ObjectName, bool> Keeps { get; set; } = static _ => true;

    /// <summary>How it is refused.</summary>
    internal TargetFault Fault { get; init; } = TargetFault.Locked;

    internal int DeletesInRequest { get; init; } = 1;

    /// <summary>Asked to delete, and not allowed to.</summary>
    internal int Refusals { get; private set; }

    public override TargetCapabilities Capabilities => base.Capabilities with { MaxDeletesPerRequest = DeletesInRequest };

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (Keeps(name) && await Inner.StatAsync(name, cancellationToken) is { } stat && stat.StoreTime + retention > time.GetUtcNow())
        {
            Refusals++;
            throw new TargetException(Fault, $"'{name}' is kept.");
        }

        await Inner.DeleteAsync(name, cancellationToken);
    }

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);
}
