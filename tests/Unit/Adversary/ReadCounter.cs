using System.Collections.Concurrent;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>Counts what is read and listed, by the start of the name.</summary>
internal sealed class ReadCounter(Target inner) : DelegatingTarget(inner)
{
    private readonly ConcurrentQueue<string> _reads = new();
    private readonly ConcurrentQueue<string> _lists = new();

    internal int Reads(string folder) => _reads.Count(name => name.StartsWith(folder, StringComparison.Ordinal));

    internal int Lists(string folder) => _lists.Count(prefix => folder.StartsWith(prefix, StringComparison.Ordinal));

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        _reads.Enqueue(name.Value);
        return base.ReadAsync(name, offset, destination, cancellationToken);
    }

    public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        _reads.Enqueue(name.Value);
        return base.TryFetchAsync(name, maxBytes, cancellationToken);
    }

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        _lists.Enqueue(prefix);
        return base.ListAsync(prefix, cancellationToken);
    }
}
