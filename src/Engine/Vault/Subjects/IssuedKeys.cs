using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// What a writer knows of its subjects' keys during a run: the cache of the run before, and what it made since. A few thousand fresh keys lie in memory; more of
/// them go into sealed runs on this host's disk, each as large as one addition, which are merged so that a look-up asks few of them. Safe for many threads.
/// </summary>
internal sealed class IssuedKeys(string folder, VaultId vault, CachedSubjectKeys? cached) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly RootKey _root = RootKey.Create();
    private readonly Dictionary<SubjectPseudonym, int> _fresh = [];
    private readonly OwnedBuffer _records = OwnedBuffer.Rent(SubjectAddition.MaxKeys * SubjectRecord.SizeBytes);
    private readonly Queue<SubjectKeyFile> _unstored = new();
    private readonly List<SubjectKeyFile> _stored = [];
    private readonly List<ObjectId> _additions = [.. cached?.Preface.Additions ?? []];

    internal SubjectDomain For(SubjectPseudonym subject, uint generation)
    {
        lock (_gate)
        {
            if (_fresh.TryGetValue(subject, out var place))
            {
                return DomainAt(At(place));
            }

            SubjectDomain? known = null;
            Find(subject, record => known ??= DomainAt(record));
            return known ?? Make(subject, generation);
        }
    }

    /// <summary>The next keys that are in no addition, ascending; null where all are stored. They go on being unstored until they are marked.</summary>
    internal SubjectRecords? TakeUnstored()
    {
        lock (_gate)
        {
            if (_unstored.Count == 0)
            {
                Spill();
            }

            if (!_unstored.TryPeek(out var run))
            {
                return null;
            }

            var joined = OwnedBuffer.Rent((int)run.Count * SubjectRecord.SizeBytes);
            for (var i = 0; i < run.Count; i++)
            {
                run.At(i).CopyTo(joined.Span[(i * SubjectRecord.SizeBytes)..]);
            }

            return SubjectRecords.Take(joined, "host's file of subject keys");
        }
    }

    /// <summary>The keys that <see cref="TakeUnstored"/> gave stand in an addition.</summary>
    internal void MarkStored(ObjectId addition)
    {
        lock (_gate)
        {
            _stored.Add(_unstored.Dequeue());
            _additions.Add(addition);
            while (_stored.Count > 1 && _stored[^2].Count < 2 * _stored[^1].Count)
            {
                var (left, right) = (_stored[^2], _stored[^1]);
                _stored.RemoveRange(_stored.Count - 2, 2);
                _stored.Add(Write(new SubjectKeyMerge([], [left, right])));
                left.Dispose();
                right.Dispose();
            }
        }
    }

    /// <summary>The domains of this run or of earlier ones that entries of the ledger have killed.</summary>
    internal HashSet<DomainId> DeadBy(ErasureLedger ledger, DataSetId dataSet)
    {
        var dead = new HashSet<DomainId>();
        lock (_gate)
        {
            foreach (var subject in ledger.Entries.SelectMany(static entry => entry.Record.Subjects).Distinct())
            {
                void Take(ReadOnlySpan<byte> record)
                {
                    if (ledger.IsErased(subject, dataSet, SubjectRecord.GenerationOf(record)))
                    {
                        dead.Add(SubjectRecord.DomainOf(record));
                    }
                }

                Find(subject, Take);
                if (_fresh.TryGetValue(subject, out var place))
                {
                    Take(At(place));
                }
            }
        }

        return dead;
    }

    /// <summary>Makes the cache for the next run of what was cached and what is stored; what is in no addition is forgotten.</summary>
    /// <param name="ledger">As far as the register named it when it was read.</param>
    /// <param name="dead">What was found dead in it.</param>
    internal async Task<bool> WriteAsync(SubjectKeyCache cache, LedgerHead? ledger, IReadOnlySet<DomainId> dead, CancellationToken cancellationToken)
    {
        using var merge = new SubjectKeyMerge([], cached is null ? _stored : [cached.Keys, .. _stored]);
        return await cache.TryWriteAsync(
            merge, record => !dead.Contains(SubjectRecord.DomainOf(record.Span)), new CachePreface(ledger, _additions), cancellationToken);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            cached?.Dispose();
            _stored.ForEach(static run => run.Dispose());
            while (_unstored.TryDequeue(out var run))
            {
                run.Dispose();
            }

            _records.Dispose();
            _root.Dispose();
        }
    }

    private static SubjectDomain DomainAt(ReadOnlySpan<byte> record) => new(SubjectRecord.DomainOf(record), new SubjectKey(SubjectRecord.KeyOf(record)));

    private ReadOnlySpan<byte> At(int place) => _records.Span.Slice(place * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);

    private SubjectDomain Make(SubjectPseudonym subject, uint generation)
    {
        if (_fresh.Count == SubjectAddition.MaxKeys)
        {
            Spill();
        }

        var record = _records.Span.Slice(_fresh.Count * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);
        Span<byte> key = stackalloc byte[SecretKey.SizeBytes];
        RandomNumberGenerator.Fill(key);
        SubjectRecord.Write(record, subject, new SubjectDomainKey(SubjectRecord.NewDomain(subject), key, generation));
        CryptographicOperations.ZeroMemory(key);
        _fresh[subject] = _fresh.Count;
        return DomainAt(record);
    }

    private void Find(SubjectPseudonym subject, SubjectRecordReader read)
    {
        Span<byte> prefix = stackalloc byte[Id256.SizeBytes];
        subject.Value.CopyTo(prefix);
        foreach (var run in _unstored)
        {
            run.Find(prefix, read);
        }

        foreach (var run in _stored)
        {
            run.Find(prefix, read);
        }

        cached?.Keys.Find(prefix, read);
    }

    private void Spill()
    {
        if (_fresh.Count == 0)
        {
            return;
        }

        using var sorted = OwnedBuffer.Rent(_fresh.Count * SubjectRecord.SizeBytes);
        var at = 0;
        foreach (var (_, place) in _fresh.OrderBy(static pair => pair.Key))
        {
            At(place).CopyTo(sorted.Span[at..]);
            at += SubjectRecord.SizeBytes;
        }

        using var batch = SubjectRecords.CopyOf(sorted.Span);
        _unstored.Enqueue(Write(new SubjectKeyMerge([batch], [])));
        _fresh.Clear();
        _records.Span.Clear();
    }

    private SubjectKeyFile Write(SubjectKeyMerge merge)
    {
        using (merge)
        {
            return SubjectKeySpool.Write(folder, vault, _root, merge);
        }
    }
}
