using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Keeps the records of a vault few: every run reads them all.</summary>
internal static class RecordTidying
{
    /// <summary>
    /// Verification records, stored before <paramref name="settled"/>, of snapshots that were removed, and those after which their own verifier looked at the same snapshot as deep again.
    /// Another verifier's later word supersedes none: should that one be revoked, the earlier is all that is left.
    /// </summary>
    internal static async Task<IReadOnlyList<ObjectName>> SupersededAsync(UnlockedVault vault, IReadOnlySet<SnapshotId> removed, DateTimeOffset settled, CancellationToken cancellationToken)
    {
        var checks = await ReadAsync(vault, ObjectNames.Verifications, ObjectKind.VerificationRecord, MemberRoles.Verifier, signed => VerificationRecord.Open(vault, signed), cancellationToken);
        var last = checks.GroupBy(KeyOf).ToDictionary(static group => group.Key, static group => group.Max(TimeOf));
        return [.. checks.Where(item => item.StoredAt < settled && (removed.Contains(item.Record.Manifest.Id) || TimeOf(item).CompareTo(last[KeyOf(item)]) < 0)).Select(static item => item.Name)];

        static (ManifestReference Manifest, MemberId Signer, VerificationDepth Depth) KeyOf(StoredRecord<VerificationRecord> item) => (item.Record.Manifest, item.Signer, item.Record.Finding.Depth);

        // As the catalogue counts: nothing was found after the store had it.
        static Timestamp TimeOf(StoredRecord<VerificationRecord> item) =>
            item.Record.Finding.Time.CompareTo(Timestamp.From(item.StoredAt)) <= 0 ? item.Record.Finding.Time : Timestamp.From(item.StoredAt);
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
                    : new StoredRecord<T>(stored.Name, signer.Id, read(signed), stored.StoreTime);
            },
            (name, fault) => vault.Sink.Report(new BackupEvent(EventSeverity.Verbose, $"'{name}' is left as it is: {fault.Message}", fault.Code)),
            cancellationToken);
        return [.. records.OfType<StoredRecord<T>>()];
    }

    private sealed record StoredRecord<T>(ObjectName Name, MemberId Signer, T Record, DateTimeOffset StoredAt);
}
