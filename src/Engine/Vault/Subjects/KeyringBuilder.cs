using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

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

    /// <summary>A bucket with more of them has several leaves.</summary>
    internal int MaxKeysInLeaf { get; init; } = SubjectLeaf.MaxKeys;

    private readonly List<byte[]> _slots = [];
    private readonly List<Task> _writes = [];
    private long _keyCount = old?.Map.KeyCount ?? 0;

    /// <summary>Stores all of it; nothing names the new root yet.</summary>
    /// <param name="erased">Subjects whose leaves must be rewritten.</param>
    internal async Task<KeyringRoot> BuildAsync(IEnumerable<SubjectPseudonym> erased, CancellationToken cancellationToken)
    {
        var bits = BitsFor(_keyCount + additions.Next.KeyCount, old?.Map.Bits ?? 0);
        var isRegrouped = bits != (old?.Map.Bits ?? bits);
        using var fresh = new AdditionCursor(additions.Next);
        var touched = isRegrouped ? [] : erased.Select(subject => KeyringMap.BucketOf(subject.Value, bits)).Concat(fresh.Buckets(bits)).ToHashSet();
        var rewritten = new List<int>();
        for (var i = 0; i < (old?.Map.Count ?? 0); i++)
        {
            var slot = old!.Map.At(i);
            if (isRegrouped || touched.Contains(KeyringMap.BucketAt(slot)))
            {
                rewritten.Add(i);
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

    /// <summary>Both sides come in the order of their pseudonyms, so each group, and each new leaf, is whole when the next one begins.</summary>
    private async Task MergeAsync(IReadOnlyList<int> rewritten, AdditionCursor fresh, int bits, CancellationToken cancellationToken)
    {
        using var leaf = new LeafDraft(MaxKeysInLeaf);
        using var group = new SubjectGroup();
        using var stored = new LeafCursor(old, rewritten);
        Func<SubjectPseudonym, DataSetId, uint, bool> isErased = ledger.Kills;
        await stored.AdvanceAsync(cancellationToken);
        while (stored.HasRecord || fresh.HasRecord)
        {
            group.Begin(!fresh.HasRecord || (stored.HasRecord && SubjectRecord.Compare(stored.Record, fresh.Record) <= 0) ? stored.Record : fresh.Record);
            for (; stored.HasRecord && group.Takes(stored.Record); await stored.AdvanceAsync(cancellationToken))
            {
                _keyCount -= SubjectRecord.IsDestroyed(stored.Record) ? 0 : 1;
                group.Add(stored.Record, stored.DataSet, SubjectGroup.Stored);
            }

            for (; fresh.HasRecord && group.Takes(fresh.Record); fresh.Advance())
            {
                group.Add(fresh.Record, additions.Next.DataSetOf(fresh.Record), AdditionSet.OrderOf(fresh.Record));
            }

            group.Settle(isErased, vault.Sink);
            for (var i = 0; i < group.Count; i++)
            {
                await AddAsync(leaf, group[i], group.DataSetOf(i), bits, cancellationToken);
            }
        }

        await StoreLeafAsync(leaf, cancellationToken);
    }

    private async ValueTask AddAsync(LeafDraft leaf, ReadOnlyMemory<byte> record, DataSetId dataSet, int bits, CancellationToken cancellationToken)
    {
        var bucket = KeyringMap.BucketOf(record.Span, bits);
        if (leaf.Bucket != bucket || leaf.IsFull)
        {
            await StoreLeafAsync(leaf, cancellationToken);
            leaf.Begin(bucket);
        }

        leaf.Add(record.Span, dataSet);
        _keyCount += SubjectRecord.IsDestroyed(record.Span) ? 0 : 1;
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
        _writes.Add(vault.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringLeaves, header.Object), bytes, cancellationToken));
        if (_writes.Count == LeavesAtOnce)
        {
            await Task.WhenAll(_writes);
            _writes.Clear();
        }
    }

    private async Task<KeyringRoot> StoreRootAsync(int bits, CancellationToken cancellationToken)
    {
        using var joined = OwnedBuffer.Rent(_slots.Count * KeyringMap.SlotBytes);
        var at = 0;

        // The leaves of one bucket stay in their order.
        foreach (var slot in _slots.OrderBy(static slot => KeyringMap.BucketAt(slot)))
        {
            slot.CopyTo(joined.Span[at..]);
            at += KeyringMap.SlotBytes;
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

    /// <summary>What lies there although it was folded in long ago, or was put back, may be left out as well: folded in once more it changes nothing.</summary>
    private List<ObjectId> Folded()
    {
        var before = old?.Root.Folded ?? new HashSet<ObjectId>();
        var kept = before.Count + additions.Next.Count > MaxFolded ? before.Where(additions.FoldedThere.Contains) : before;
        return [.. additions.Next.Ids, .. kept.Take(Math.Max(0, (2 * MaxFolded) - additions.Next.Count))];
    }

    /// <summary>The records of leaves in order, one at hand.</summary>
    private sealed class LeafCursor(StoredKeyring? keyring, IReadOnlyList<int> slots) : IDisposable
    {
        private SubjectLeaf? _leaf;
        private int _nextSlot;
        private int _at;

        internal bool HasRecord => _leaf is not null;

        internal ReadOnlySpan<byte> Record => _leaf!.Keys[_at];

        internal DataSetId DataSet => _leaf!.DataSetOf(Record);

        internal async ValueTask AdvanceAsync(CancellationToken cancellationToken)
        {
            for (_at++; _leaf is null || _at >= _leaf.Keys.Count; _at = 0)
            {
                _leaf?.Dispose();
                _leaf = null;
                if (_nextSlot == slots.Count)
                {
                    return;
                }

                _leaf = await keyring!.LoadAsync(slots[_nextSlot++], cancellationToken);
            }
        }

        public void Dispose() => _leaf?.Dispose();
    }

    /// <summary>The additions in order, one at hand.</summary>
    private sealed class AdditionCursor : IDisposable
    {
        private readonly AdditionSet _additions;
        private readonly SubjectKeyMerge _merge;
        private readonly OwnedBuffer _record = OwnedBuffer.Rent(SubjectRecord.SizeBytes);

        internal AdditionCursor(AdditionSet additions)
        {
            _additions = additions;
            _merge = additions.Scan();
            Advance();
        }

        internal bool HasRecord { get; private set; }

        internal ReadOnlySpan<byte> Record => _record.Span;

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
