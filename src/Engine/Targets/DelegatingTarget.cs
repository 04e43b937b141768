using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>A target that passes every call on; wrappers override what they change. It owns <paramref name="inner"/>.</summary>
public abstract class DelegatingTarget(Target inner) : Target
{
    protected Target Inner { get; } = inner;

    public override string DisplayName => Inner.DisplayName;

    public override TargetCapabilities Capabilities => Inner.Capabilities;

    public override TargetMeter Meter => Inner.Meter;

    /// <summary>This wrapper stays, unless there is a cache below it.</summary>
    public override Target Uncached => Inner.Uncached is var uncached && ReferenceEquals(uncached, Inner) ? this : uncached;

    public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
        Inner.PutAsync(name, content, options, cancellationToken);

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Inner.ReadAsync(name, offset, destination, cancellationToken);

    public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) =>
        Inner.TryFetchAsync(name, maxBytes, cancellationToken);

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        Inner.StatAsync(name, cancellationToken);

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
        Inner.ListAsync(prefix, cancellationToken);

    public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken) =>
        Inner.ListAfterAsync(prefix, after, cancellationToken);

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        Inner.DeleteAsync(name, cancellationToken);

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) =>
        Inner.DeleteManyAsync(names, cancellationToken);

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) =>
        Inner.GetLockAsync(name, cancellationToken);

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        Inner.ExtendLockAsync(name, until, cancellationToken);

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) =>
        Inner.SetLegalHoldAsync(name, isHeld, cancellationToken);

    public override IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        Inner.ListVersionsAsync(prefix, cancellationToken);

    public override Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Inner.ReadVersionAsync(name, version, offset, destination, cancellationToken);

    public override Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) =>
        Inner.WarmAsync(name, options, cancellationToken);

    public override Task<long?> GetRoomAsync(CancellationToken cancellationToken) => Inner.GetRoomAsync(cancellationToken);

    public override void Doubt(ObjectName name) => Inner.Doubt(name);

    public override async ValueTask DisposeAsync()
    {
        await Inner.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
