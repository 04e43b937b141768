using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>One snapshot that was removed on purpose, with what its manifest said of the chain.</summary>
public sealed record RemovedSnapshot(ManifestReference Manifest, MemberId Writer, ulong Sequence, IReadOnlyList<ManifestReference> Predecessors);

/// <summary>Proof that snapshots were removed on purpose; written before their manifests are deleted.</summary>
/// <param name="Repeats">Records that this one repeats whole, and which may be deleted after it.</param>
public sealed record RemovalRecord(RegisterHead Register, IReadOnlyList<RemovedSnapshot> Removed, IReadOnlyList<ObjectId> Repeats, Timestamp Time)
{
    internal const int MaxListed = 100_000;
    private const int MaxReasonsBytes = 8 * 1024 * 1024;

    /// <summary>The reasons in the order of <see cref="Removed"/>, in one blob: one object seals only one under the same key.</summary>
    internal ReadOnlyMemory<byte> SealedReasons { get; private init; }

    /// <summary>Signs and stores a record. A crash after it leaves manifests that count as removed already.</summary>
    public static async Task<ObjectId> WriteAsync(UnlockedVault vault, IReadOnlyList<Snapshot> snapshots, string reason, CancellationToken cancellationToken)
    {
        var removed = snapshots.Select(static snapshot => new RemovedSnapshot(snapshot.Reference, snapshot.Writer, snapshot.Sequence, [.. snapshot.Body.Predecessors])).ToList();
        return (await WriteAsync(vault, removed, [.. snapshots.Select(_ => reason)], [], cancellationToken)).Id;
    }

    /// <param name="reasons">One for each of <paramref name="removed"/>.</param>
    /// <param name="repeats">Records whose content is part of this one.</param>
    internal static async Task<(ObjectId Id, DateTimeOffset StoreTime)> WriteAsync(
        UnlockedVault vault, IReadOnlyList<RemovedSnapshot> removed, IReadOnlyList<string> reasons, IReadOnlyList<ObjectId> repeats, CancellationToken cancellationToken)
    {
        var header = vault.NewHeader(ObjectKind.RemovalRecord, isSealed: true);
        var plain = new CborMapWriter().Array(reasons, static (writer, reason) => writer.Text(reason)).Encode();
        var record = new RemovalRecord(vault.Register.Head, removed, repeats, vault.Now) { SealedReasons = MetadataSeal.Seal(vault, header, plain) };
        var receipt = await vault.Store.PutAsync(ObjectNames.RemovalRecord(header.Object), SignedObject.Build(header, record.Encode(), vault.SelfKey), cancellationToken);
        return (header.Object, receipt.StoreTime);
    }

    /// <summary>In the order of <see cref="Removed"/>.</summary>
    /// <exception cref="Faults.KeyException">WrongKey, KeyNotGranted.</exception>
    /// <exception cref="Faults.IntegrityException">FrameTampered, Malformed.</exception>
    internal string[] OpenReasons(UnlockedVault vault, in ObjectHeader header)
    {
        var reader = new CborMapReader(MetadataSeal.Open(vault, header, SealedReasons.Span, MaxReasonsBytes), $"reasons of removal record {header.Object}");
        var reasons = reader.ReadArray(MaxListed, static item => item.ReadText());
        reader.Check(reader.IsAtEnd && reasons.Length == Removed.Count, "it has not one reason for each snapshot");
        return reasons;
    }

    /// <summary>
    /// Repeats a maintainer's records in one of this owner's own, before the maintainer is revoked: its records will count for nothing then, and what it removed would look stolen.
    /// Snapshots that are still there are not repeated: with the record's signer they come back.
    /// </summary>
    /// <returns>How many removed snapshots the new record names; with none, there is no record.</returns>
    internal static async Task<int> TakeOverAsync(UnlockedVault owner, MemberId maintainer, CancellationToken cancellationToken)
    {
        var stats = await owner.Store.ListAsync(ObjectNames.Removals, static name => ObjectNames.TryParseId(name, ObjectNames.Removals, out _), cancellationToken);
        var records = await owner.Store.ReadManyAsync(
            stats, SignedObject.MaxBytes, stored => ReadBy(owner, maintainer, stored), static (_, _) => { }, cancellationToken);
        var removed = new Dictionary<ManifestReference, RemovedSnapshot>();
        foreach (var item in records.SelectMany(static record => record ?? []))
        {
            if (await owner.Target.StatAsync(ObjectNames.Manifest(item.Manifest.Id), cancellationToken) is null)
            {
                removed[item.Manifest] = item;
            }
        }

        if (removed.Count == 0)
        {
            return 0;
        }

        var header = owner.NewHeader(ObjectKind.RemovalRecord, isSealed: true);
        var reasons = new CborMapWriter().Array([.. removed.Values], static (writer, _) => writer.Text("removed by a maintainer who is revoked now")).Encode();
        var repeated = new RemovalRecord(owner.Register.Head, [.. removed.Values], [], owner.Now) { SealedReasons = MetadataSeal.Seal(owner, header, reasons) };
        await owner.Store.PutAsync(ObjectNames.RemovalRecord(header.Object), SignedObject.Build(header, repeated.Encode(), owner.SelfKey), cancellationToken);
        return removed.Count;
    }

    private static IReadOnlyList<RemovedSnapshot> ReadBy(UnlockedVault owner, MemberId maintainer, StoredObject stored)
    {
        var (signed, signer) = SignedObject.Open(stored.Bytes, owner.Register, MemberRoles.Maintainer);
        signed.Header.Expect(ObjectKind.RemovalRecord, owner.Id, ObjectNames.TryParseId(stored.Name, ObjectNames.Removals, out var id) ? new ObjectId(id) : null);
        return signer.Id == maintainer && !signer.IsRevoked ? Decode(signed.Body, $"removal record {signed.Header.Object}").Removed : [];
    }

    internal byte[] Encode()
    {
        var writer = new CborMapWriter().BeginMap(5).Key(0);
        Register.Write(writer);
        return writer.Key(1).Array(Removed, static (writer, item) => Write(writer, item))
            .Key(2).Array(Repeats, static (writer, id) => writer.Id(id.Value))
            .Key(3).Time(Time)
            .Key(4).Bytes(SealedReasons.Span)
            .EndMap().Encode();
    }

    internal static RemovalRecord Decode(ReadOnlyMemory<byte> body, string what)
    {
        RegisterHead? register = null;
        RemovedSnapshot[]? removed = null;
        ObjectId[]? repeats = null;
        Timestamp? time = null;
        ReadOnlyMemory<byte>? reasons = null;
        var reader = CborMapReader.OfMap(body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: removed = reader.ReadArray(MaxListed, ReadRemoved); break;
                case 2: repeats = reader.ReadArray(MaxListed, static item => new ObjectId(item.ReadId())); break;
                case 3: time = reader.ReadTime(); break;
                case 4: reasons = reader.ReadBytes(MaxReasonsBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new RemovalRecord(
            reader.Required(register, "the register head"), reader.Required(removed, "the list"), reader.Required(repeats, "the list of repeated records"), reader.Required(time, "the time"))
        {
            SealedReasons = reader.Required(reasons, "the reasons"),
        };
    }

    private static void Write(CborMapWriter writer, RemovedSnapshot removed) => writer.BeginMap(5)
        .Key(0).Id(removed.Manifest.Id.Value)
        .Key(1).Id(removed.Manifest.Hash.Value)
        .Key(2).Id(removed.Writer.Value)
        .Key(3).UInt(removed.Sequence)
        .Key(4).Array(removed.Predecessors, static (writer, predecessor) => predecessor.Write(writer))
        .EndMap();

    private static RemovedSnapshot ReadRemoved(CborMapReader reader)
    {
        Id256? id = null;
        Id256? hash = null;
        Id256? writer = null;
        ulong? sequence = null;
        ManifestReference[]? predecessors = null;
        reader.BeginMap();
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: id = reader.ReadId(); break;
                case 1: hash = reader.ReadId(); break;
                case 2: writer = reader.ReadId(); break;
                case 3: sequence = reader.ReadUInt64(); break;
                case 4: predecessors = reader.ReadArray(MaxListed, ManifestReference.Read); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var manifest = new ManifestReference(new SnapshotId(reader.Required(id, "the snapshot")), new ContentHash(reader.Required(hash, "the hash")));
        return new RemovedSnapshot(
            manifest, new MemberId(reader.Required(writer, "the writer")), reader.Required(sequence, "the sequence number"), reader.Required(predecessors, "the predecessors"));
    }
}
