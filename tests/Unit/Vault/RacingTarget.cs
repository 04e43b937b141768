using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>Lets somebody else append to the register just before the first entry arrives.</summary>
internal sealed class RacingTarget(Target inner, Func<Task> other) : DelegatingTarget(inner)
{
    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        if (name.Value.StartsWith(ObjectNames.Register, StringComparison.Ordinal))
        {
            await other();
        }

        return await base.PutAsync(name, content, options, cancellationToken);
    }
}
