using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// A writer's side of the keyring: gives each subject of one data set the domain that this host gave it before, or a fresh one. A writer cannot open the
/// keyring; what it remembers is a host cache of the keys that it made itself. Without that cache a subject gets a second key, and her unchanged records are
/// stored once more: nothing else.
/// </summary>
public sealed class SubjectKeyIssuer : IDisposable
{
    private readonly UnlockedVault _vault;
    private readonly DataSetId _dataSet;
    private readonly Lock _gate = new();
    private readonly LedgerHead? _ledgerAtStart;
    private readonly uint _generation;
    private readonly Dictionary<SubjectPseudonym, byte[]> _known = [];
    private readonly List<byte[]> _fresh = [];

    private SubjectKeyIssuer(UnlockedVault vault, DataSetId dataSet, ErasureLedger ledger)
    {
        _vault = vault;
        _dataSet = dataSet;
        _ledgerAtStart = ledger.Head;
        _generation = ledger.Length;
    }

    /// <summary>Reads the ledger's end, and what this host remembers.</summary>
    /// <exception cref="Faults.VaultException">LedgerDamaged.</exception>
    public static async Task<SubjectKeyIssuer> BeginAsync(UnlockedVault vault, DataSetId dataSet, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        return new SubjectKeyIssuer(vault, dataSet, await ErasureLedger.ReadAsync(vault, vault.Register.LedgerHead, cancellationToken));
    }

    /// <summary>The domain of a subject's records. The key is the caller's to dispose of. Safe for many threads.</summary>
    /// <exception cref="Faults.RequestException">SubjectInvalid.</exception>
    public SubjectDomain For(string subject)
    {
        var pseudonym = _vault.Keys.PseudonymOf(subject);
        lock (_gate)
        {
            if (!_known.TryGetValue(pseudonym, out var record))
            {
                record = GC.AllocateUninitializedArray<byte>(SubjectRecord.SizeBytes, pinned: true);
                Span<byte> key = stackalloc byte[SecretKey.SizeBytes];
                RandomNumberGenerator.Fill(key);
                SubjectRecord.Write(record, pseudonym, new SubjectDomainKey(SubjectRecord.NewDomain(pseudonym), key, _generation));
                CryptographicOperations.ZeroMemory(key);
                _known[pseudonym] = record;
                _fresh.Add(record);
            }

            return new SubjectDomain(SubjectRecord.DomainOf(record), new SubjectKey(SubjectRecord.KeyOf(record)));
        }
    }

    /// <summary>
    /// Stores the keys made so far. To be awaited before a pack goes out that holds a chunk sealed under one of them: a crash after it leaves keys of which nothing
    /// was sealed, the other way round it would leave records that nobody can open.
    /// </summary>
    public async Task StoreAdditionsAsync(CancellationToken cancellationToken)
    {
        List<byte[]> fresh;
        lock (_gate)
        {
            fresh = [.. _fresh];
            _fresh.Clear();
        }

        fresh.Sort(static (left, right) => SubjectRecord.Compare(left, right));
        foreach (var part in fresh.Chunk(SubjectAddition.MaxKeys))
        {
            using var plain = OwnedBuffer.Rent(part.Length * SubjectRecord.SizeBytes);
            for (var i = 0; i < part.Length; i++)
            {
                part[i].CopyTo(plain.Span[(i * SubjectRecord.SizeBytes)..]);
            }

            var (id, bytes) = SubjectAddition.Seal(_vault, _dataSet, plain.Span);
            await _vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id), bytes, cancellationToken);
        }
    }

    /// <summary>
    /// To be asked right before the manifest is committed: the domains of this data set whose subjects were erased since this began. What lies in them must not be
    /// committed.
    /// </summary>
    public async Task<IReadOnlySet<DomainId>> ErasedSinceAsync(CancellationToken cancellationToken)
    {
        var ledger = await ErasureLedger.ReadAsync(_vault, _ledgerAtStart, cancellationToken);
        lock (_gate)
        {
            return _known.Where(pair => ledger.IsErased(pair.Key, _dataSet, SubjectRecord.GenerationOf(pair.Value)))
                .Select(static pair => SubjectRecord.DomainOf(pair.Value)).ToHashSet();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var record in _known.Values)
            {
                CryptographicOperations.ZeroMemory(record);
            }

            _known.Clear();
        }
    }
}
