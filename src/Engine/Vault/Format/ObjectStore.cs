using System.Runtime.InteropServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>Bytes as they lie on a target; nothing about them is verified.</summary>
public sealed record StoredObject(ObjectName Name, ReadOnlyMemory<byte> Bytes, DateTimeOffset StoreTime)
{
    /// <summary>What <paramref name="read"/> makes of it; an error about the bytes, which alone do not know where they lie, then names the object.</summary>
    internal T Read<T>(Func<StoredObject, T> read)
    {
        try
        {
            return read(this);
        }
        catch (IntegrityException exception)
        {
            throw new IntegrityException(exception.Code, $"'{Name}' is refused: {exception.Message}", exception);
        }
        catch (VaultException exception)
        {
            throw new VaultException(exception.Code, $"'{Name}' is refused: {exception.Message}", exception);
        }
        catch (KeyException exception)
        {
            throw new KeyException(exception.Code, $"'{Name}' is refused: {exception.Message}", exception);
        }
    }
}

/// <summary>Reads and writes small objects whole. Packs and index segments, which are read in parts, go to the target directly.</summary>
public sealed class ObjectStore(Target target)
{
    /// <summary>Lists are read with so many requests at once: enough to hide a network's delay, few enough for any store.</summary>
    public const int ParallelReads = 8;

    /// <summary>What the stores that take many take in one request.</summary>
    private const int DeletesAtOnce = 1_000;

    private const int ParallelDeletes = 8;

    public Target Target { get; } = target;

    /// <summary>What several lists that are read at once share, so that they are not more requests than one; null where each counts for itself.</summary>
    internal SemaphoreSlim? Turns { get; init; }

    /// <exception cref="TargetException"><c>NotFound</c> and whatever the store says.</exception>
    /// <exception cref="IntegrityException">Malformed: longer than <paramref name="maxBytes"/>; nothing was allocated for it.</exception>
    public async Task<StoredObject> ReadAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) =>
        await TryReadAsync(name, maxBytes, cancellationToken)
            ?? throw Missing(name);

    /// <summary>Null where there is no such object.</summary>
    /// <inheritdoc cref="ReadAsync(ObjectName, int, CancellationToken)"/>
    public async Task<StoredObject?> TryReadAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var found = await Target.TryFetchAsync(name, maxBytes, cancellationToken);
        return found is null ? null : new StoredObject(name, found.Bytes ?? throw TooLong(found.Stat, maxBytes), found.Stat.StoreTime);
    }

    /// <summary>
    /// What <paramref name="read"/> makes of an object, read once more where it was refused: see <see cref="SecondRead"/>. Null where there is no such object.
    /// </summary>
    /// <inheritdoc cref="ReadAsync(ObjectName, int, CancellationToken)"/>
    public Task<T?> TryReadAsync<T>(ObjectName name, int maxBytes, Func<StoredObject, T> read, CancellationToken cancellationToken)
        where T : class =>
        SecondRead.RunAsync(Target, name, async target =>
            await new ObjectStore(target).TryReadAsync(name, maxBytes, cancellationToken) is { } stored ? read(stored) : null);

    /// <exception cref="TargetException"><c>NotFound</c> and whatever the store says.</exception>
    /// <inheritdoc cref="TryReadAsync{T}"/>
    public async Task<T> ReadAsync<T>(ObjectName name, int maxBytes, Func<StoredObject, T> read, CancellationToken cancellationToken)
        where T : class =>
        await TryReadAsync(name, maxBytes, read, cancellationToken) ?? throw Missing(name);

    /// <inheritdoc cref="TryReadAsync{T}"/>
    public Task<T> ReadAsync<T>(ObjectStat stat, int maxBytes, Func<StoredObject, T> read, CancellationToken cancellationToken) =>
        SecondRead.RunAsync(Target, stat.Name, async target => read(await new ObjectStore(target).ReadAsync(stat, maxBytes, cancellationToken)));

    /// <inheritdoc cref="ReadAsync(ObjectName, int, CancellationToken)"/>
    public async Task<StoredObject> ReadAsync(ObjectStat stat, int maxBytes, CancellationToken cancellationToken)
    {
        if (stat.LengthBytes > maxBytes)
        {
            throw TooLong(stat, maxBytes);
        }

        var bytes = new byte[stat.LengthBytes];
        await Target.ReadAsync(stat.Name, 0, bytes, cancellationToken);
        return new StoredObject(stat.Name, bytes, stat.StoreTime);
    }

    /// <summary>
    /// As <see cref="TryReadAsync{T}"/>, for whoever deletes what is refused: null also for that, but only where it came alike twice.
    /// </summary>
    /// <exception cref="TargetException"><c>Garbled</c>: it was refused and came otherwise each time, so that nobody can tell what lies there.</exception>
    internal async Task<T?> TryJudgeAsync<T>(ObjectName name, int maxBytes, Func<StoredObject, T> read, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await TryReadAsync(name, maxBytes, read, cancellationToken);
        }
        catch (BackupException refusal) when (SecondRead.IsOfBytes(refusal))
        {
            var found = await TryReadTwiceAsync(name, maxBytes, cancellationToken);
            try
            {
                return found is null ? null : read(found);
            }
            catch (BackupException exception) when (SecondRead.IsOfBytes(exception))
            {
                return null;
            }
        }
    }

    /// <summary>
    /// What decides that something is deleted, and what nothing vouches for: read twice from the store itself, and alike. Null where there is no such object; without bytes, which no reader takes,
    /// where it is longer than <paramref name="maxBytes"/>.
    /// </summary>
    /// <exception cref="TargetException"><c>Garbled</c>: the two are not alike.</exception>
    internal async Task<StoredObject?> TryReadTwiceAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var first = await Target.Uncached.TryFetchAsync(name, maxBytes, cancellationToken);
        var second = await Target.Uncached.TryFetchAsync(name, maxBytes, cancellationToken);
        if (first?.Stat.LengthBytes != second?.Stat.LengthBytes || !(first?.Bytes ?? default).Span.SequenceEqual((second?.Bytes ?? default).Span))
        {
            throw new TargetException(TargetFault.Garbled, $"'{name}' was read twice from {Target.DisplayName}, and came otherwise each time.");
        }

        Target.Doubt(name);
        return second is null ? null : new StoredObject(name, second.Bytes ?? default, second.Stat.StoreTime);
    }

    /// <summary>All objects of a folder whose names <paramref name="isWanted"/> takes, in the order of their names.</summary>
    public async Task<List<ObjectStat>> ListAsync(string folder, Func<ObjectName, bool> isWanted, CancellationToken cancellationToken)
    {
        var found = new List<ObjectStat>();
        await foreach (var stat in Target.ListAsync(folder, cancellationToken))
        {
            if (isWanted(stat.Name))
            {
                found.Add(stat);
            }
        }

        found.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        return found;
    }

    /// <summary>
    /// Reads many objects, a few at once; the results stand in the order of <paramref name="stats"/>. What <paramref name="read"/> or
    /// the store throws about one object goes to <paramref name="onBroken"/>, and its place stays null: one poisoned object never
    /// blocks the rest. Store errors which are about the store itself are not about one object, and end the call.
    /// </summary>
    public async Task<T?[]> ReadManyAsync<T>(
        IReadOnlyList<ObjectStat> stats,
        int maxBytes,
        Func<StoredObject, T> read,
        Action<ObjectName, BackupException> onBroken,
        CancellationToken cancellationToken)
        where T : class
    {
        var results = new T?[stats.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, stats.Count, options, async (i, token) =>
        {
            await (Turns?.WaitAsync(token) ?? Task.CompletedTask);
            try
            {
                results[i] = await ReadAsync(stats[i], maxBytes, read, token);
            }
            catch (BackupException exception) when (exception is not TargetException { Fault: not (TargetFault.NotFound or TargetFault.OutOfRange) })
            {
                lock (results)
                {
                    onBroken(stats[i].Name, exception);
                }
            }
            finally
            {
                Turns?.Release();
            }
        });
        return results;
    }

    /// <summary>Stores a new object; an existing one of that name is left and gives <c>AlreadyExists</c>.</summary>
    public async Task<PutReceipt> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        using var content = MemoryMarshal.TryGetArray(bytes, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(bytes.ToArray(), writable: false);
        return await Target.PutAsync(name, content, new PutOptions(IfAbsent: true, ContentHash.Of(bytes.Span)) { IsOwnName = ObjectNames.IsOfOneWriter(name) }, cancellationToken);
    }

    /// <summary>
    /// Deletes what is unneeded each by itself: in as few requests as the target can, and where it takes them one by one, several at once. In what order is nobody's to
    /// say; whoever needs one calls once for each step. All are tried.
    /// </summary>
    /// <returns>The first refusal (<c>Locked</c>, <c>AccessDenied</c>), with the names of all that stay; null where nothing does.</returns>
    public async Task<TargetException?> TryDeleteManyAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        var isOneByOne = Target.Capabilities.MaxDeletesPerRequest == 1;
        var options = new ParallelOptions { MaxDegreeOfParallelism = isOneByOne ? ParallelDeletes : 1, CancellationToken = cancellationToken };
        TargetException? refusal = null;
        var kept = new List<ObjectName>();
        await Parallel.ForEachAsync(names.Chunk(isOneByOne ? 1 : DeletesAtOnce), options, async (some, token) =>
        {
            try
            {
                await (isOneByOne ? Target.DeleteAsync(some[0], token) : Target.DeleteManyAsync(some, token));
            }
            catch (TargetException exception) when (exception.Fault is TargetFault.Locked or TargetFault.AccessDenied)
            {
                lock (kept)
                {
                    refusal ??= exception;
                    kept.AddRange(exception.Kept.Count > 0 ? exception.Kept : some);
                }
            }
        });
        return refusal?.Of(kept);
    }

    private TargetException Missing(ObjectName name) => new(TargetFault.NotFound, $"There is no object '{name}' on {Target.DisplayName}.");

    private static IntegrityException TooLong(ObjectStat stat, int maxBytes) =>
        new(FaultCodes.Malformed, $"'{stat.Name}' has {stat.LengthBytes} bytes; an object of its kind has at most {maxBytes}.");
}
