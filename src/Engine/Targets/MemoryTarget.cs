using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>A whole target in memory, for tests and trials; what it holds can be looked at and tampered with directly.</summary>
public sealed class MemoryTarget(TimeProvider? clock = null) : Target
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly ConcurrentDictionary<ObjectName, StoredObject> _objects = new();

    public override string DisplayName => "memory";

    public override TargetCapabilities Capabilities { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = false,
        IsNear = true,
        MaxObjectBytes = 1L << 30,
    };

    /// <summary>Everything that is stored at this moment, by name.</summary>
    public IReadOnlyDictionary<ObjectName, ReadOnlyMemory<byte>> Objects =>
        new SortedDictionary<ObjectName, ReadOnlyMemory<byte>>(_objects.ToDictionary(pair => pair.Key, pair => (ReadOnlyMemory<byte>)pair.Value.Bytes));

    /// <summary>An independent target with the same content.</summary>
    public MemoryTarget Clone()
    {
        var clone = new MemoryTarget(_clock);
        foreach (var (name, stored) in _objects)
        {
            clone._objects[name] = stored;
        }

        return clone;
    }

    /// <summary>What a hostile storage does: other bytes under a name, new or old.</summary>
    public void Replace(ObjectName name, ReadOnlySpan<byte> bytes) => _objects[name] = new StoredObject(bytes.ToArray(), _clock.GetUtcNow());

    /// <summary>What a hostile storage does: an object is gone. False where there was none.</summary>
    public bool Remove(ObjectName name) => _objects.TryRemove(name, out _);

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLongerThan(Capabilities.MaxObjectBytes);
        using var bytes = new MemoryStream((int)given.LengthBytes);
        await given.CopyToAsync(bytes, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();

        var stored = new StoredObject(bytes.ToArray(), _clock.GetUtcNow());
        if (!options.IfAbsent)
        {
            _objects[name] = stored;
        }
        else if (!_objects.TryAdd(name, stored))
        {
            throw new TargetException(TargetFault.AlreadyExists, $"'{name}' exists in memory.");
        }

        return new PutReceipt(stored.Bytes.Length, stored.StoreTime);
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_objects.TryGetValue(name, out var stored))
        {
            throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in memory.");
        }

        if (offset > stored.Bytes.Length - destination.Length)
        {
            throw new TargetException(TargetFault.OutOfRange, $"'{name}' in memory ends before byte {offset + destination.Length}.");
        }

        stored.Bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
        return Task.CompletedTask;
    }

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_objects.TryGetValue(name, out var stored) ? stored.Describe(name) : null);
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var (name, stored) in _objects.ToArray())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (name.Value.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return stored.Describe(name);
            }
        }
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _objects.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    private sealed record StoredObject(byte[] Bytes, DateTimeOffset StoreTime)
    {
        public ObjectStat Describe(ObjectName name) => new(name, Bytes.Length, StoreTime);
    }
}
