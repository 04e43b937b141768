using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// The living keys of all subjects, for whoever may open them. What the ledger names is never found, even where storage shows an old object again. Safe for
/// many threads.
/// </summary>
public sealed class SubjectKeyring : IDisposable
{
    private readonly UnlockedVault _vault;
    private readonly ErasureLedger _ledger;
    private readonly List<SubjectAddition> _additions;

    private SubjectKeyring(UnlockedVault vault, ErasureLedger ledger, List<SubjectAddition> additions)
    {
        _vault = vault;
        _ledger = ledger;
        _additions = additions;
    }

    /// <summary>Reads the ledger, the root, and the additions that no root has taken in.</summary>
    /// <exception cref="VaultException">LedgerDamaged.</exception>
    public static async Task<SubjectKeyring> OpenAsync(VaultReader reader, CancellationToken cancellationToken)
    {
        var vault = reader.Vault;
        var ledger = await ErasureLedger.ReadAsync(vault, after: null, cancellationToken);
        var stats = await vault.Store.ListAsync(
            ObjectNames.KeyringAdditions, static name => ObjectNames.TryParseId(name, ObjectNames.KeyringAdditions, out _), cancellationToken);
        var additions = await vault.Store.ReadManyAsync(
            stats,
            Crypto.SignedObject.MaxBytes,
            stored => SubjectAddition.Open(reader, stored),
            (name, exception) => vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{name}' counts for nothing: {exception.Message}", FaultCodes.AdditionRefused)),
            cancellationToken);
        return new SubjectKeyring(vault, ledger, [.. additions.OfType<SubjectAddition>().OrderBy(static addition => addition.StoreTime)]);
    }

    /// <summary>The domain with its key, the caller's to dispose of; null where it was erased, or never was.</summary>
    public Task<SubjectDomain?> FindAsync(DomainId domain, CancellationToken cancellationToken)
    {
        Span<byte> prefix = stackalloc byte[Id256.SizeBytes];
        domain.Value.CopyTo(prefix);
        var found = EntriesOf(prefix[..SubjectRecord.SharedBytes]);
        try
        {
            return Task.FromResult(found.FirstOrDefault(entry => entry.Domain == domain) is { } entry
                ? new SubjectDomain(domain, new Crypto.SubjectKey(entry.Key.Bytes))
                : null);
        }
        finally
        {
            found.ForEach(static entry => entry.Dispose());
        }
    }

    /// <summary>All living keys of a subject, in all data sets; the caller's to dispose of.</summary>
    /// <exception cref="RequestException">SubjectInvalid.</exception>
    public Task<IReadOnlyList<SubjectKeyEntry>> OfSubjectAsync(string subject, CancellationToken cancellationToken)
    {
        Span<byte> prefix = stackalloc byte[Id256.SizeBytes];
        _vault.Keys.PseudonymOf(subject).Value.CopyTo(prefix);
        return Task.FromResult<IReadOnlyList<SubjectKeyEntry>>(EntriesOf(prefix));
    }

    public void Dispose() => _additions.ForEach(static addition => addition.Dispose());

    private List<SubjectKeyEntry> EntriesOf(ReadOnlySpan<byte> prefix)
    {
        var found = new List<SubjectKeyEntry>();
        foreach (var addition in _additions)
        {
            var (start, end) = (addition.Keys.RangeOf(prefix).Start.Value, addition.Keys.RangeOf(prefix).End.Value);
            for (var i = start; i < end; i++)
            {
                var record = addition.Keys[i];
                if (!_ledger.IsErased(SubjectRecord.PseudonymOf(record), addition.DataSet, SubjectRecord.GenerationOf(record)))
                {
                    found.Add(SubjectKeyEntry.Of(record, addition.DataSet));
                }
            }
        }

        return found;
    }
}
