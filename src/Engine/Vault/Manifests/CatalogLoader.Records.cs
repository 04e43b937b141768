using System.Collections.Concurrent;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

internal sealed partial class CatalogLoader
{
    /// <summary>As often a fold may overtake a look at the removal records; each takes a maintainer's whole run.</summary>
    private const int MaxLooks = 5;

    /// <summary>By name, and whose they are.</summary>
    private readonly ConcurrentDictionary<ObjectName, string> _ofRevoked = [];

    /// <summary>
    /// Records are folded into successors and then deleted. One that is gone when it is read was folded after the listing, so its successor is in the next one; only looking again
    /// keeps what it removed from counting as missing.
    /// </summary>
    /// <param name="listed">The first look, where it was taken already.</param>
    private async Task<List<StoredRecord<RemovalRecord>>> LoadRemovalsAsync(
        Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken, IReadOnlyList<ObjectStat>? listed = null)
    {
        for (var look = 1; ; look++)
        {
            var gone = new Gone();
            var broken = new ConcurrentQueue<(ObjectName Name, BackupException Exception)>();
            var records = await ReadRecordsAsync(
                look == 1 && listed is not null ? listed : await ListAsync(ObjectNames.Removals, cancellationToken),
                ObjectNames.Removals,
                ObjectKind.RemovalRecord,
                MemberRoles.Maintainer,
                (signed, _) => RemovalRecord.Decode(signed.Body, $"removal record {signed.Header.Object}"),
                gone.Or((name, exception) => broken.Enqueue((name, exception))),
                cancellationToken);
            if (gone.IsEmpty || look == MaxLooks)
            {
                gone.Report(onBroken);
                foreach (var (name, exception) in broken)
                {
                    onBroken(name, exception);
                }

                return records;
            }
        }
    }

    /// <summary>
    /// One that vanished between listing and reading was about a snapshot that is removed at this moment, or a newer one has taken its place: then that is looked for once.
    /// </summary>
    private async Task<List<StoredRecord<VerificationRecord>>> ReadVerificationsAsync(IReadOnlyList<ObjectStat> listed, CancellationToken cancellationToken)
    {
        var gone = new Gone();
        var records = await ReadVerificationsAsync(listed, gone.Or(OnBroken), cancellationToken);
        if (!gone.IsEmpty)
        {
            var seen = listed.Select(static stat => stat.Name).ToHashSet();
            var since = (await ListAsync(ObjectNames.Verifications, cancellationToken)).Where(stat => !seen.Contains(stat.Name)).ToList();
            records.AddRange(await ReadVerificationsAsync(since, new Gone().Or(OnBroken), cancellationToken));
        }

        return records;
    }

    private Task<List<StoredRecord<VerificationRecord>>> ReadVerificationsAsync(IReadOnlyList<ObjectStat> listed, Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken) => ReadRecordsAsync(
        listed,
        ObjectNames.Verifications,
        ObjectKind.VerificationRecord,
        MemberRoles.Verifier,
        (signed, stored) =>
        {
            var record = VerificationRecord.Open(vault, signed);
            NoteKnowledge(record.Register, $"verification record {signed.Header.Object}");

            // A clock that was ahead once must not make its finding the newest for as long: nothing was found after the store had it.
            var storedAt = Timestamp.From(stored.StoreTime);
            return record.Finding.Time.CompareTo(storedAt) <= 0 ? record : record with { Finding = record.Finding with { Time = storedAt } };
        },
        onBroken,
        cancellationToken,
        passesOverRevoked: true);

    private Task<List<StoredRecord<ApprovalRecord>>> ReadApprovalsAsync(IReadOnlyList<ObjectStat> listed, CancellationToken cancellationToken) => ReadRecordsAsync(
        listed,
        ObjectNames.Approvals,
        ObjectKind.ApprovalRecord,
        MemberRoles.Verifier,
        (signed, _) =>
        {
            var record = ApprovalRecord.Open(vault, signed);
            NoteKnowledge(record.Register, $"approval record {signed.Header.Object}");
            return record;
        },
        new Gone().Or(OnBroken),
        cancellationToken,
        passesOverRevoked: true);

    /// <summary>All small records that were listed in a folder; a broken one is left out.</summary>
    /// <param name="passesOverRevoked">What revoked members alone have signed is counted, and not a problem each.</param>
    private async Task<List<StoredRecord<T>>> ReadRecordsAsync<T>(
        IReadOnlyList<ObjectStat> listed, string folder, ObjectKind kind, MemberRoles role, Func<SignedObject, StoredObject, T> read, Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken, bool passesOverRevoked = false)
        where T : class
    {
        var records = await _store.ReadManyAsync(
            listed,
            MaxRecordBytes,
            stored =>
            {
                var signed = Expect(stored, kind, folder);
                if (passesOverRevoked && signed.Verify(_register, _proven) is var signers && signers.All(static signer => signer.IsRevoked))
                {
                    _ofRevoked[stored.Name] = signers[0].Name;
                    return null!;
                }

                RequireSigner(signed, role, member: null);
                return new StoredRecord<T>(stored.Name, signed.Header, stored.Bytes.Length, stored.StoreTime, read(signed, stored));
            },
            onBroken,
            cancellationToken);
        return [.. records.OfType<StoredRecord<T>>()];
    }

    /// <summary>One line for each member that was revoked: what it signed counts for nothing, and there may be thousands of it.</summary>
    private void NoteRevoked()
    {
        foreach (var own in _ofRevoked.GroupBy(static record => record.Value, StringComparer.Ordinal))
        {
            Note(new CatalogProblem(
                FaultCodes.SignerNotEntitled, $"{own.Count():N0} verification and approval records of {own.Key}, who was revoked, count for nothing; the next Optimize-BackupVault clears them away."));
        }
    }

    /// <summary>Objects that a listing named and that were not there any more when they were read.</summary>
    private sealed class Gone(IEnumerable<KeyValuePair<ObjectName, BackupException>>? some = null)
    {
        private readonly ConcurrentDictionary<ObjectName, BackupException> _gone = new(some ?? []);

        internal bool IsEmpty => _gone.IsEmpty;

        internal Action<ObjectName, BackupException> Or(Action<ObjectName, BackupException> onBroken) => (name, exception) =>
        {
            if (exception is TargetException { Fault: TargetFault.NotFound })
            {
                _gone[name] = exception;
            }
            else
            {
                onBroken(name, exception);
            }
        };

        internal bool IsWithin(IReadOnlySet<ObjectName> names) => _gone.Keys.All(names.Contains);

        internal Gone Where(Func<ObjectName, bool> takes) => new(_gone.Where(pair => takes(pair.Key)));

        internal void Report(Action<ObjectName, BackupException> onBroken)
        {
            foreach (var (name, exception) in _gone)
            {
                onBroken(name, exception);
            }
        }
    }
}
