using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>Lets nothing be changed: not by mistake, and not by whoever took over the process later than this was made.</summary>
public sealed class ReadOnlyTarget(Target inner) : DelegatingTarget(inner)
{
    public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) => throw Refusal(name);

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) => throw Refusal(name);

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => names.Count > 0 ? throw Refusal(names[0]) : Task.CompletedTask;

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) => throw Refusal(name);

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) => throw Refusal(name);

    public override Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) => throw Refusal(name);

    private TargetException Refusal(ObjectName name) => new(TargetFault.ReadOnly, $"'{name}' is not changed: {DisplayName} is opened for reading alone.");
}
