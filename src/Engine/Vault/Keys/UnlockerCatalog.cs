using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// The unlockers that count. Where the register names an owner's unlockers, those and no others are read, so that whoever can write to
/// the target can hide none of them behind a thousand of his own. An owner of a vault from before 0.2 has none that are named: then
/// all that lie there are candidates, up to a limit, the oldest first.
/// </summary>
internal sealed class UnlockerCatalog(ObjectStore store, RegisterState register)
{
    /// <param name="onBroken">Told of every unlocker that should be there and cannot be used.</param>
    internal async Task<IReadOnlyList<Unlocker>> ReadAsync(Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken)
    {
        // Those of a revoked owner last: they open nothing, and say why.
        var owners = register.Bundles.Keys.OrderBy(owner => register.Find(owner) is { IsRevoked: true }).ToList();
        var named = owners.SelectMany(owner => register.Unlockers.GetValueOrDefault(owner, [])).ToList();
        var unlockers = new List<Unlocker>(await ReadNamedAsync(named, onBroken, cancellationToken));
        if (owners.Exists(owner => !register.Unlockers.ContainsKey(owner)))
        {
            unlockers.AddRange(await ReadUnnamedAsync(named.Select(static unlocker => unlocker.Id).ToHashSet(), onBroken, cancellationToken));
        }

        return unlockers;
    }

    private async Task<IEnumerable<Unlocker>> ReadNamedAsync(
        List<NamedUnlocker> named, Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken)
    {
        var results = new Unlocker?[named.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ObjectStore.ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, named.Count, options, async (i, token) =>
        {
            var name = ObjectNames.Unlocker(named[i].Id);
            try
            {
                results[i] = await store.TryReadAsync(name, Unlocker.MaxBytes, stored => Judge(stored, named[i]), token) ?? throw Missing(name);
            }
            catch (BackupException exception) when (exception is not TargetException { Fault: not (TargetFault.NotFound or TargetFault.OutOfRange) })
            {
                lock (results)
                {
                    onBroken(name, exception);
                }
            }
        });
        return results.OfType<Unlocker>();
    }

    private KeyException Missing(ObjectName name) =>
        new(FaultCodes.UnlockerMissing, $"There is no '{name}' on {store.Target.DisplayName}, though the vault's register names it.");

    private Unlocker Judge(StoredObject stored, NamedUnlocker named) => stored.Read(item =>
    {
        var unlocker = Unlocker.Read(item.Bytes, register.Vault, named.Id);
        return ContentHash.Of(item.Bytes.Span) == named.Hash
            ? unlocker
            : throw new KeyException(FaultCodes.UnlockerExchanged, "it is not the unlocker that the vault's register names.");
    });

    private async Task<IEnumerable<Unlocker>> ReadUnnamedAsync(
        HashSet<ObjectId> named, Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken)
    {
        var stats = await store.ListAsync(
            ObjectNames.Unlockers,
            name => ObjectNames.TryParseId(name, ObjectNames.Unlockers, out var id) && !named.Contains(new ObjectId(id)) && !register.RetiredKeys.Contains(new ObjectId(id)),
            cancellationToken);
        var unlockers = await store.ReadManyAsync(
            [.. stats.OrderBy(static stat => stat.StoreTime).Take(Unlocker.MaxCount)],
            Unlocker.MaxBytes,
            stored => Unlocker.Read(stored.Bytes, register.Vault, IdOf(stored.Name)),
            onBroken,
            cancellationToken);

        // A wrapping key that nobody vouches for may be anybody's: later bundle keys must never be sealed to it.
        return unlockers.OfType<Unlocker>()
            .Where(unlocker => register.Bundles.ContainsKey(unlocker.Owner) && !register.Unlockers.ContainsKey(unlocker.Owner))
            .Select(static unlocker => unlocker with { Wrapping = null });
    }

    private static ObjectId IdOf(ObjectName name) =>
        ObjectNames.TryParseId(name, ObjectNames.Unlockers, out var id) ? new ObjectId(id) : throw new ArgumentException("No unlocker.", nameof(name));
}
