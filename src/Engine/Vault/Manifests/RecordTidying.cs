using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Keeps the records of a vault few: every run reads them all.</summary>
internal static class RecordTidying
{
    /// <summary>Verification records of snapshots that were removed, stored before <paramref name="settled"/>.</summary>
    internal static async Task<IReadOnlyList<ObjectName>> SupersededAsync(UnlockedVault vault, SnapshotCatalog catalog, DateTimeOffset settled, CancellationToken cancellationToken)
    {
        var removed = catalog.Removed.Select(static item => item.Manifest.Id).ToHashSet();
        removed.ExceptWith(catalog.Snapshots.Select(static snapshot => snapshot.Id));
        var checks = await ReadAsync(vault, ObjectNames.Verifications, ObjectKind.VerificationRecord, MemberRoles.Verifier, signed => VerificationRecord.Open(vault, signed), cancellationToken);
        return [.. checks.Where(item => item.StoredAt < settled && removed.Contains(item.Record.Manifest.Id)).Select(static item => item.Name)];
    }

    /// <summary>The records that count. What is broken was told when the catalog was loaded.</summary>
    private static async Task<List<StoredRecord<T>>> ReadAsync<T>(
        UnlockedVault vault, string folder, ObjectKind kind, MemberRoles role, Func<SignedObject, T> read, CancellationToken cancellationToken)
        where T : class
    {
        var stats = await vault.Store.ListAsync(folder, name => ObjectNames.TryParseId(name, folder, out _), cancellationToken);
        var records = await vault.Store.ReadManyAsync(
            stats,
            SignedObject.MaxBytes,
            stored =>
            {
                var (signed, signer) = SignedObject.Open(stored.Bytes, vault.Register, role);
                signed.Header.Expect(kind, vault.Id, ObjectNames.TryParseId(stored.Name, folder, out var id) ? new ObjectId(id) : null);
                return signer.IsRevoked
                    ? throw new IntegrityException(FaultCodes.SignerNotEntitled, $"'{stored.Name}' is of {signer.Name}, who was revoked.")
                    : new StoredRecord<T>(stored.Name, signed.Header, read(signed), stored.StoreTime);
            },
            (name, fault) => vault.Sink.Report(new BackupEvent(EventSeverity.Verbose, $"'{name}' is left as it is: {fault.Message}", fault.Code)),
            cancellationToken);
        return [.. records.OfType<StoredRecord<T>>()];
    }

    private sealed record StoredRecord<T>(ObjectName Name, ObjectHeader Header, T Record, DateTimeOffset StoredAt);
}
