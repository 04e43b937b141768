using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Makes the next keyring out of the one that stands, the additions, and the ledger: rewrites the leaves that change under fresh node keys, and the root under a
/// fresh erasure-epoch key. Reads and writes leaf by leaf, in one order; memory is flat but for the root.
/// </summary>
internal sealed class KeyringBuilder(UnlockedVault vault, StoredKeyring? old, UnfoldedAdditions additions, ErasureLedger ledger) : IDisposable
{
    /// <summary>When buckets hold more, their number grows until they hold half as many.</summary>
    private const int MaxKeysInBucket = 300;

    private const int LeavesAtOnce = 8;

    /// <summary>Of more additions than this a root names only those that are still there: the caches of writers that looked since have settled the others.</summary>
    internal int MaxFolded { get; init; } = KeyringRootObject.MaxFolded / 2;

    private readonly List<byte[]> _slots = [];
    private readonly List<Task> _writes = [];
    private long _keyCount = old?.Map.KeyCount ?? 0;

    /// <summary>Stores all of it; nothing names the new root yet.</summary>
    /// <param name="erased">Subjects whose leaves must be rewritten.</param>
    internal async Task<KeyringRoot> BuildAsync(IEnumerable<SubjectPseudonym> erased, CancellationToken cancellationToken)
    {
        var bits = BitsFor(_keyCount + additions.KeyCount, old?.Map.Bits ?? 0);
        var isRegrouped = bits != (old?.Map.Bits ?? bits);
        using var fresh = new AdditionCursor(additions);
        var touched = isRegrouped ? [] : erased.Select(subject => KeyringMap.BucketOf(subject.Value, bits)).Concat(fresh.Buckets(bits)).ToHashSet();
        var rewritten = new SortedSet<uint>();
        for (var i = 0; i < (old?.Map.Count ?? 0); i++)
        {
            var slot = old!.Map.At(i);
            if (isRegrouped || touched.Contains(KeyringMap.BucketAt(slot)))
            {
                rewritten.Add(KeyringMap.BucketAt(slot));
            }
            else
            {
                _slots.Add(slot.ToArray());
            }
        }

        await MergeAsync(rewritten, fresh, bits, cancellationToken);
        await Task.WhenAll(_writes);
        return await StoreRootAsync(bits, cancellationToken);
    }

    public void Dispose() => _slots.ForEach(static slot => CryptographicOperations.ZeroMemory(slot));

    private static int BitsFor(long keys, int bits)
    {
        while (bits < KeyringMap.MaxBits && keys >> bits > MaxKeysInBucket)
        {
            bits++;
        }

        return bits;
    }

    /// <summary>Both sides come in the order of their pseudonyms, so each new leaf is whole when the next one begins.</summary>
    private async Task MergeAsync(SortedSet<uint> oldBuckets, AdditionCursor fresh, int bits, CancellationToken cancellationToken)
    {
        using var leaf = new LeafDraft(vault.Sink);
        using var record = OwnedBuffer.Rent(SubjectRecord.SizeBytes);
        foreach (var bucket in oldBuckets)
        {
            using var stored = (await old!.LoadAsync(bucket, cancellationToken))!;
            _keyCount -= stored.Keys.Count;
            for (var i = 0; i < stored.Keys.Count; i++)
            {
                while (fresh.HasRecord && SubjectRecord.Compare(fresh.Record.Span, stored.Keys[i]) < 0)
                {
                    await AddAsync(leaf, fresh.Record, additions.DataSetOf(fresh.Record.Span), bits, cancellationToken);
                    fresh.Advance();
                }

                stored.Keys[i].CopyTo(record.Span);
                await AddAsync(leaf, record.Memory, stored.DataSetOf(record.Span), bits, cancellationToken);
            }
        }

        for (; fresh.HasRecord; fresh.Advance())
        {
            await AddAsync(leaf, fresh.Record, additions.DataSetOf(fresh.Record.Span), bits, cancellationToken);
        }

        await StoreLeafAsync(leaf, cancellationToken);
    }

    private async ValueTask AddAsync(LeafDraft leaf, ReadOnlyMemory<byte> record, DataSetId dataSet, int bits, CancellationToken cancellationToken)
    {
        var bucket = KeyringMap.BucketOf(record.Span, bits);
        if (leaf.Bucket != bucket)
        {
            await StoreLeafAsync(leaf, cancellationToken);
            leaf.Begin(bucket);
        }

        if (!ledger.Kills(SubjectRecord.PseudonymOf(record.Span), dataSet, SubjectRecord.GenerationOf(record.Span)))
        {
            leaf.Add(record.Span, dataSet);
        }
    }

    /// <summary>A crash here leaves leaves that no root names; the next rewrite deletes them.</summary>
    private async Task StoreLeafAsync(LeafDraft leaf, CancellationToken cancellationToken)
    {
        if (leaf.Count == 0)
        {
            return;
        }

        var header = vault.NewHeader(ObjectKind.Keyring, isSealed: false);
        var (slot, bytes) = leaf.Seal(header, old?.Root.Header.Object ?? default);
        _slots.Add(slot);
        _keyCount += leaf.Count;
        _writes.Add(vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringLeaves, header.Object), bytes, cancellationToken));
        if (_writes.Count == LeavesAtOnce)
        {
            await Task.WhenAll(_writes);
            _writes.Clear();
        }
    }

    private async Task<KeyringRoot> StoreRootAsync(int bits, CancellationToken cancellationToken)
    {
        _slots.Sort(static (left, right) => KeyringMap.BucketAt(left).CompareTo(KeyringMap.BucketAt(right)));
        using var joined = OwnedBuffer.Rent(_slots.Count * KeyringMap.SlotBytes);
        for (var i = 0; i < _slots.Count; i++)
        {
            _slots[i].CopyTo(joined.Span[(i * KeyringMap.SlotBytes)..]);
        }

        using var epochKey = RootKey.Create();
        var header = vault.NewHeader(ObjectKind.Keyring, isSealed: false);
        var sealedMap = KeyringMap.Seal(header, epochKey, (old?.Map.Generation ?? 0) + 1, bits, _keyCount, joined.Span);
        var root = KeyringRootObject.Build(vault, header, old?.Root.Header.Object, Folded(), sealedMap);

        // The root before what opens it: so an erasure epoch of a root that is not there belongs to nobody.
        await vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringRoots, header.Object), root, cancellationToken);
        var (epoch, epochBytes) = ErasureEpoch.Seal(vault, header.Object, epochKey);
        await vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringEpochs, epoch), epochBytes, cancellationToken);
        return new KeyringRoot(header.Object, ContentHash.Of(root), old?.Root.Header.Object);
    }

    private List<ObjectId> Folded()
    {
        var before = old?.Root.Folded ?? new HashSet<ObjectId>();
        return [.. before.Count + additions.Ids.Count > MaxFolded ? before.Where(additions.FoldedThere.Contains) : before, .. additions.Ids];
    }

    /// <summary>The additions in order, one at hand.</summary>
    private sealed class AdditionCursor : IDisposable
    {
        private readonly UnfoldedAdditions _additions;
        private readonly SubjectKeyMerge _merge;
        private readonly OwnedBuffer _record = OwnedBuffer.Rent(SubjectRecord.SizeBytes);

        internal AdditionCursor(UnfoldedAdditions additions)
        {
            _additions = additions;
            _merge = additions.Scan();
            Advance();
        }

        internal bool HasRecord { get; private set; }

        internal ReadOnlyMemory<byte> Record => _record.Memory;

        internal void Advance()
        {
            HasRecord = _merge.TryNext(out var record);
            record.CopyTo(_record.Span);
        }

        /// <summary>In a pass of its own.</summary>
        internal List<uint> Buckets(int bits)
        {
            var buckets = new List<uint>();
            using var pass = _additions.Scan();
            while (pass.TryNext(out var record))
            {
                var bucket = KeyringMap.BucketOf(record, bits);
                if (buckets.Count == 0 || buckets[^1] != bucket)
                {
                    buckets.Add(bucket);
                }
            }

            return buckets;
        }

        public void Dispose()
        {
            _merge.Dispose();
            _record.Dispose();
        }
    }
}

/// <summary>One leaf while it is filled, in order. Of two records of one domain the first stays.</summary>
internal sealed class LeafDraft(IEngineSink sink) : IDisposable
{
    private readonly List<DataSetId> _dataSets = [];
    private OwnedBuffer _records = OwnedBuffer.Rent(512 * SubjectRecord.SizeBytes);

    internal uint? Bucket { get; private set; }

    internal int Count { get; private set; }

    internal void Begin(uint bucket)
    {
        Bucket = bucket;
        Count = 0;
        _dataSets.Clear();
    }

    internal void Add(ReadOnlySpan<byte> record, DataSetId dataSet)
    {
        if (Count > 0 && SubjectRecord.Compare(At(Count - 1), record) == 0)
        {
            if (!SubjectRecord.KeyOf(At(Count - 1)).SequenceEqual(SubjectRecord.KeyOf(record)))
            {
                sink.Report(new BackupEvent(
                    EventSeverity.Warning, $"A second key of domain {SubjectRecord.DomainOf(record)} counts for nothing.", FaultCodes.SubjectKeyConflict));
            }

            return;
        }

        if ((Count + 1) * SubjectRecord.SizeBytes > _records.LengthBytes)
        {
            Grow();
        }

        var place = _dataSets.IndexOf(dataSet);
        if (place < 0)
        {
            place = _dataSets.Count;
            _dataSets.Add(dataSet);
        }

        var added = _records.Span.Slice(Count * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);
        record.CopyTo(added);
        SubjectRecord.SetDataSet(added, checked((ushort)place));
        Count++;
    }

    /// <summary>Sealed under a fresh node key, which stands in the slot alone.</summary>
    /// <param name="replaced">The root that the new one replaces.</param>
    internal (byte[] Slot, byte[] Bytes) Seal(in ObjectHeader header, ObjectId replaced)
    {
        Span<byte> nodeKey = stackalloc byte[SecretKey.SizeBytes];
        RandomNumberGenerator.Fill(nodeKey);
        var bytes = SubjectLeaf.Seal(header, replaced, nodeKey, Bucket!.Value, _dataSets, _records.Span[..(Count * SubjectRecord.SizeBytes)]);
        var slot = GC.AllocateUninitializedArray<byte>(KeyringMap.SlotBytes, pinned: true);
        KeyringMap.WriteSlot(slot, Bucket.Value, header.Object, nodeKey, ContentHash.Of(bytes));
        CryptographicOperations.ZeroMemory(nodeKey);
        return (slot, bytes);
    }

    public void Dispose() => _records.Dispose();

    private ReadOnlySpan<byte> At(int index) => _records.Span.Slice(index * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);

    private void Grow()
    {
        var larger = OwnedBuffer.Rent(_records.LengthBytes * 2);
        _records.Span.CopyTo(larger.Span);
        _records.Dispose();
        _records = larger;
    }
}
