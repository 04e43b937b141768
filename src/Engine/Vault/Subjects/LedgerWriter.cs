using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Appends to the ledger as an owner. An entry is durable before anything that it names is destroyed.</summary>
internal static class LedgerWriter
{
    private const int MaxAttempts = 10;

    /// <returns>The ledger with the entry as its last.</returns>
    /// <exception cref="VaultException">LedgerDamaged.</exception>
    internal static async Task<ErasureLedger> AppendAsync(UnlockedVault vault, ErasureLedger ledger, LedgerRecord record, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var number = ledger.Length;
            var name = ObjectNames.LedgerEntry(number);
            var bytes = LedgerCodec.Seal(vault, number, ledger.Head?.Hash, record);
            var entry = new LedgerEntry(number, ledger.Head?.Hash, ContentHash.Of(bytes), vault.Register.Policy.OwnersNeeded <= 1, record);
            try
            {
                await vault.Store.PutAsync(name, bytes, cancellationToken);
                return ledger.With(entry);
            }
            catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists && attempt < MaxAttempts)
            {
                var found = await vault.Store.TryReadTwiceAsync(name, SignedObject.MaxBytes, cancellationToken);
                if (found is not null && ContentHash.Of(found.Bytes.Span) == entry.Hash)
                {
                    // An answer was lost, or somebody on the way sent it twice.
                    return ledger.With(entry);
                }

                ledger = await ErasureLedger.ReadAsync(vault, after: null, cancellationToken);
                if (ledger.Length == number && found is not null && !Follows(vault, ledger, found))
                {
                    // No entry, and no register names it: rubbish that would stand in the way for ever.
                    await vault.Target.DeleteAsync(name, cancellationToken);
                }
            }
        }
    }

    private static bool Follows(UnlockedVault vault, ErasureLedger ledger, StoredObject found)
    {
        try
        {
            return LedgerCodec.Open(vault, found, ledger.Length).Previous == ledger.Head?.Hash;
        }
        catch (IntegrityException)
        {
            return false;
        }
    }
}
