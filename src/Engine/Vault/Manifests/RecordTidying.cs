using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Keeps the records of a vault few: every run reads them all.</summary>
internal static class RecordTidying
{
    /// <summary>So many removal records are folded into one that repeats them.</summary>
    internal const int ManyRecords = 32;

    private const int MaxFolded = 1_000;

    /// <summary>
    /// Verification records of snapshots that were removed, and removal records that another one repeats whole. The one that repeats them was stored before <paramref name="settled"/>, so that whoever
    /// listed records before it was there has read them by now.
    /// </summary>
    internal static async Task<IReadOnlyList<ObjectName>> SupersededAsync(UnlockedVault vault, SnapshotCatalog catalog, DateTimeOffset settled, CancellationToken cancellationToken)
    {
        var removed = catalog.Removed.Select(static item => item.Manifest.Id).ToHashSet();
        removed.ExceptWith(catalog.Snapshots.Select(static snapshot => snapshot.Id));
        var checks = await ReadAsync(vault, ObjectNames.Verifications, ObjectKind.VerificationRecord, MemberRoles.Verifier, signed => VerificationRecord.Open(vault, signed), cancellationToken);
        var removals = await ReadRemovalsAsync(vault, cancellationToken);
        var repeated = removals.Where(item => item.StoredAt < settled)
            .SelectMany(static item => item.Record.Repeats.Select(id => (Id: id, By: item.Record)))
            .ToLookup(static pair => ObjectNames.RemovalRecord(pair.Id), static pair => pair.By);
        return
        [
            .. checks.Where(item => item.StoredAt < settled && removed.Contains(item.Record.Manifest.Id)).Select(static item => item.Name),
            .. removals.Where(item => repeated[item.Name].Any(by => by != item.Record && RepeatsWhole(by, item.Record))).Select(static item => item.Name),
        ];
    }

    /// <summary>Writes one record that repeats all that are not repeated yet, once they are many. A crash leaves one record too many.</summary>
    internal static async Task FoldAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var all = await ReadRemovalsAsync(vault, cancellationToken);
        var repeated = all.SelectMany(static item => item.Record.Repeats).Select(ObjectNames.RemovalRecord).ToHashSet();
        var open = all.Where(item => !repeated.Contains(item.Name)).OrderBy(static item => item.Name).Take(MaxFolded).ToList();
        if (open.Count < ManyRecords)
        {
            return;
        }

        var items = open.SelectMany(item => item.Record.Removed.Zip(item.Record.OpenReasons(vault, item.Header))).DistinctBy(static pair => pair.First.Manifest).ToList();
        if (items.Count <= RemovalRecord.MaxListed)
        {
            var ids = open.Select(static item => item.Header.Object).ToList();
            await RemovalRecord.WriteAsync(vault, [.. items.Select(static item => item.First)], [.. items.Select(static item => item.Second)], ids, cancellationToken);
        }
    }

    private static bool RepeatsWhole(RemovalRecord by, RemovalRecord record)
    {
        var manifests = by.Removed.ToLookup(static item => item.Manifest);
        return record.Removed.All(item => manifests[item.Manifest].Any(other =>
            other.Writer == item.Writer && other.Sequence == item.Sequence && other.Predecessors.SequenceEqual(item.Predecessors)));
    }

    private static Task<List<StoredRecord<RemovalRecord>>> ReadRemovalsAsync(UnlockedVault vault, CancellationToken cancellationToken) => ReadAsync(
        vault,
        ObjectNames.Removals,
        ObjectKind.RemovalRecord,
        MemberRoles.Maintainer,
        static signed => RemovalRecord.Decode(signed.Body, $"removal record {signed.Header.Object}"),
        cancellationToken);

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
