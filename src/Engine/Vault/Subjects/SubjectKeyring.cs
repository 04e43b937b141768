using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// The living keys of all subjects, for whoever may open them: those of the root that the register names, and the additions that it has not taken in. What the
/// ledger names is never found, even where storage shows an old object again. Memory is flat: leaves are read by bucket. Safe for many threads.
/// </summary>
public sealed class SubjectKeyring : IDisposable
{
    /// <summary>Somebody erased meanwhile so many times: then something else is wrong.</summary>
    private const int MaxAttempts = 5;

    private readonly VaultReader _reader;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Opened _opened;

    private SubjectKeyring(VaultReader reader, Opened opened)
    {
        _reader = reader;
        _opened = opened;
    }

    public ErasureLedger Ledger => _opened.Ledger;

    /// <summary>Keys that lie there, dead ones that no rewrite has destroyed yet included.</summary>
    public long KeyCount => (_opened.Stored?.Map.KeyCount ?? 0) + _opened.Additions.KeyCount;

    /// <summary>Reads the ledger, the root, and the additions that no root has taken in.</summary>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged.</exception>
    /// <exception cref="KeyException">KeyringNotGranted.</exception>
    public static async Task<SubjectKeyring> OpenAsync(VaultReader reader, CancellationToken cancellationToken) =>
        new(reader, await Opened.LoadAsync(reader, cancellationToken));

    /// <summary>The key of a domain and whose it is, the caller's to dispose of; null where it was erased, or never was.</summary>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    public async Task<SubjectKeyEntry?> FindAsync(DomainId domain, CancellationToken cancellationToken) =>
        (await EntriesAsync(domain.Value, record => SubjectRecord.DomainOf(record) == domain, cancellationToken)).SingleOrDefault();

    /// <summary>All living keys of a subject, in all data sets; the caller's to dispose of.</summary>
    /// <exception cref="RequestException">SubjectInvalid.</exception>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    public Task<IReadOnlyList<SubjectKeyEntry>> OfSubjectAsync(string subject, CancellationToken cancellationToken) =>
        OfSubjectAsync(_reader.Vault.Keys.PseudonymOf(subject), cancellationToken);

    /// <inheritdoc cref="OfSubjectAsync(string, CancellationToken)"/>
    public async Task<IReadOnlyList<SubjectKeyEntry>> OfSubjectAsync(SubjectPseudonym subject, CancellationToken cancellationToken) =>
        await EntriesAsync(subject.Value, record => SubjectRecord.PseudonymOf(record) == subject, cancellationToken);

    public void Dispose()
    {
        _opened.Dispose();
        _turn.Dispose();
    }

    private delegate bool RecordFilter(ReadOnlySpan<byte> record);

    /// <summary>The living records that are wanted out of the group that <paramref name="start"/> is in.</summary>
    private async Task<List<SubjectKeyEntry>> EntriesAsync(Id256 start, RecordFilter isWanted, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await _opened.EntriesAsync(start, isWanted, cancellationToken);
                }
                catch (VaultException exception) when (exception.Code == FaultCodes.KeyringDamaged && attempt < MaxAttempts)
                {
                    // A leaf that is gone may have been replaced by an erasure since this was opened.
                    var known = _opened.Root;
                    await _reader.Vault.RefreshAsync(cancellationToken);
                    if (_reader.Vault.Register.KeyringRoot?.Id == known)
                    {
                        throw;
                    }

                    var newer = await Opened.LoadAsync(_reader, cancellationToken);
                    _opened.Dispose();
                    _opened = newer;
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ledger, root and additions of one moment.</summary>
    private sealed class Opened(ErasureLedger ledger, StoredKeyring? stored, UnfoldedAdditions additions) : IDisposable
    {
        internal ErasureLedger Ledger => ledger;

        internal StoredKeyring? Stored => stored;

        internal UnfoldedAdditions Additions => additions;

        internal ObjectId? Root => stored?.Root.Header.Object;

        internal static async Task<Opened> LoadAsync(VaultReader reader, CancellationToken cancellationToken)
        {
            for (var attempt = 1; ; attempt++)
            {
                var ledger = await ErasureLedger.ReadAsync(reader.Vault, after: null, cancellationToken);
                var root = reader.Vault.Register.KeyringRoot?.Id;
                StoredKeyring? stored = null;
                try
                {
                    stored = await StoredKeyring.OpenAsync(reader.Vault, cancellationToken);
                    return new Opened(
                        ledger, stored, await UnfoldedAdditions.LoadAsync(reader, stored?.Root.Folded ?? new HashSet<ObjectId>(), ledger.Length, cancellationToken));
                }
                catch (BackupException exception) when (attempt < MaxAttempts && (exception.Code == FaultCodes.KeyringDamaged || exception.Code == FaultCodes.KeyringNotGranted))
                {
                    stored?.Dispose();
                    await reader.Vault.RefreshAsync(cancellationToken);
                    if (reader.Vault.Register.KeyringRoot?.Id == root)
                    {
                        throw;
                    }
                }
                catch
                {
                    stored?.Dispose();
                    throw;
                }
            }
        }

        internal async Task<List<SubjectKeyEntry>> EntriesAsync(Id256 start, RecordFilter isWanted, CancellationToken cancellationToken)
        {
            var prefix = start.ToArray().AsMemory(0, SubjectRecord.SharedBytes);
            using var group = new SubjectGroup();
            if (stored is not null)
            {
                await stored.ReadLeavesAsync(
                    KeyringMap.BucketOf(start, stored.Map.Bits),
                    leaf =>
                    {
                        var range = leaf.Keys.RangeOf(prefix.Span);
                        for (var i = range.Start.Value; i < range.End.Value; i++)
                        {
                            group.Add(leaf.Keys[i], leaf.DataSetOf(leaf.Keys[i]), SubjectGroup.Stored);
                        }
                    },
                    cancellationToken);
            }

            additions.Find(prefix.Span, group.Add);
            group.Settle(ledger.IsErased, sink: null);
            var found = new List<SubjectKeyEntry>();
            for (var i = 0; i < group.Count; i++)
            {
                var record = group[i].Span;
                if (isWanted(record) && !SubjectRecord.IsDestroyed(record))
                {
                    found.Add(SubjectKeyEntry.Of(record, group.DataSetOf(i)));
                }
            }

            return found;
        }

        public void Dispose()
        {
            stored?.Dispose();
            additions.Dispose();
        }
    }
}
