using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>What is read may be changed on its way; what is stored stays as it is.</summary>
internal abstract class ChangingTarget(Target inner) : DelegatingTarget(inner)
{
    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await base.ReadAsync(name, offset, destination, cancellationToken);
        Change(name, destination.Span);
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var found = await base.TryFetchAsync(name, maxBytes, cancellationToken);
        var bytes = found?.Bytes?.ToArray();
        Change(name, bytes);
        return found is null ? null : found with { Bytes = bytes };
    }

    /// <summary>Called for every reading.</summary>
    protected abstract void Change(ObjectName name, Span<byte> bytes);
}
