using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>A target that passes every call on; wrappers override what they change. It owns <paramref name="inner"/>.</summary>
public abstract class DelegatingTarget(Target inner) : Target
{
    protected Target Inner { get; } = inner;

    public override string DisplayName => Inner.DisplayName;

    public override TargetCapabilities Capabilities => Inner.Capabilities;

    public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
        Inner.PutAsync(name, content, options, cancellationToken);

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        Inner.ReadAsync(name, offset, destination, cancellationToken);

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        Inner.StatAsync(name, cancellationToken);

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
        Inner.ListAsync(prefix, cancellationToken);

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        Inner.DeleteAsync(name, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await Inner.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
