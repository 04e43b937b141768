using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// A writer's side of the keyring: gives each subject of one data set the domain that this host gave it before, or a fresh one. A writer cannot open the
/// keyring; what it remembers is a host cache of the keys that it made itself. Without that cache a subject gets a further key, and her unchanged records are
/// stored once more: nothing else. Memory is flat, for ten million subjects too.
/// </summary>
public sealed class SubjectKeyIssuer : IDisposable
{
    private readonly UnlockedVault _vault;
    private readonly DataSetId _dataSet;
    private readonly uint _generation;
    private readonly SubjectKeyCache _cache;
    private readonly IssuedKeys _issued;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly HashSet<DomainId> _erased = [];
    private ErasureLedger _ledger;

    private SubjectKeyIssuer(UnlockedVault vault, SubjectKeyCache cache, CachedSubjectKeys? cached, ErasureLedger ledger)
    {
        _vault = vault;
        _dataSet = cache.DataSet;
        _cache = cache;
        _ledger = ledger;
        _generation = ledger.Generation;
        _issued = new IssuedKeys(cache.Directory, vault.Id, cached);
    }

    /// <summary>Reads the ledger on from what this host knows, and drops the keys of those who were erased from its cache, for good.</summary>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged.</exception>
    /// <exception cref="KeyException">KeyNotGranted: the ledger was sealed in an epoch whose keys this member does not hold.</exception>
    public static async Task<SubjectKeyIssuer> BeginAsync(UnlockedVault vault, DataSetId dataSet, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        var cache = SubjectKeyCache.Of(vault, dataSet);
        var (preface, settled) = await RequireStoredAsync(vault, cache, cancellationToken);
        var ledger = await ErasureLedger.ReadAsync(vault, preface is null ? vault.Register.LedgerHead : preface.Ledger, cancellationToken);
        await cache.DropClosedAsync(ledger, cancellationToken);
        var cached = cache.TryOpen();
        cached?.Settle(settled);
        return new SubjectKeyIssuer(vault, cache, cached, ledger);
    }

    /// <summary>The domain of a subject's records. The key is the caller's to dispose of. Safe for many threads.</summary>
    /// <exception cref="RequestException">SubjectInvalid.</exception>
    public SubjectDomain For(string subject) => _issued.For(_vault.Keys.PseudonymOf(subject), _generation);

    /// <summary>
    /// Stores the keys made so far. To be awaited before a pack goes out that holds a chunk sealed under one of them: a crash after it leaves keys of which nothing
    /// was sealed, the other way round it would leave records that nobody can open.
    /// </summary>
    public async Task StoreAdditionsAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (_issued.TakeUnstored() is { } keys)
            {
                using (keys)
                {
                    var (id, bytes) = SubjectAddition.Seal(_vault, _dataSet, keys.Bytes);
                    await _vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id), bytes, cancellationToken);
                    _issued.MarkStored(id);
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// To be asked right before the manifest is committed: the domains of this data set whose subjects were erased since this began. What lies in them must not be
    /// committed.
    /// </summary>
    public async Task<IReadOnlySet<DomainId>> ErasedSinceAsync(CancellationToken cancellationToken)
    {
        _ledger = await ErasureLedger.ReadAsync(_vault, _ledger.Named, cancellationToken);
        _erased.UnionWith(_issued.DeadBy(_ledger, _dataSet));
        return _erased.ToHashSet();
    }

    /// <summary>Keeps the keys that are stored for the next run of this host. To be called at the end of a run, whether or not it made a snapshot.</summary>
    public async Task RememberAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!await _issued.WriteAsync(_cache, _ledger.Named, _erased, cancellationToken))
            {
                _vault.Sink.Report(new BackupEvent(
                    EventSeverity.Warning, "This host cannot remember the keys of the subjects; the next run stores their records once more.", FaultCodes.HostStateUnusable));
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _issued.Dispose();
        _turn.Dispose();
    }

    /// <summary>
    /// A key that the vault has lost must seal nothing more. Where an addition is neither there nor taken in by the root, the whole cache is given up: every
    /// subject gets a fresh key.
    /// </summary>
    /// <returns>What the cache says of itself, and which of its additions need not be looked for again: a root holds their keys.</returns>
    private static async Task<(CachePreface? Preface, IReadOnlySet<ObjectId> Settled)> RequireStoredAsync(UnlockedVault vault, SubjectKeyCache cache, CancellationToken cancellationToken)
    {
        using var cached = cache.TryOpen();
        if (cached is null)
        {
            return (null, new HashSet<ObjectId>());
        }

        var there = await vault.Store.ListAsync(ObjectNames.KeyringAdditions, static _ => true, cancellationToken);
        var names = there.Select(static stat => stat.Name).ToHashSet();
        var missing = cached.Preface.Additions.Where(id => !names.Contains(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id))).ToHashSet();
        var gone = missing.ToHashSet();
        if (missing.Count > 0 && vault.Register.KeyringRoot is { } named)
        {
            var root = await KeyringRootObject.ReadAsync(vault, named, cancellationToken);
            missing.ExceptWith(root.Folded);
        }

        if (missing.Count == 0)
        {
            return (cached.Preface, gone);
        }

        vault.Sink.Report(new BackupEvent(
            EventSeverity.Warning,
            $"'{ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, missing.First())}' is gone from {vault.Target.DisplayName}, and no root has taken it in: all subjects of the data set get new keys.",
            FaultCodes.KeyringDamaged));
        cache.TryDelete();
        return (null, new HashSet<ObjectId>());
    }
}
