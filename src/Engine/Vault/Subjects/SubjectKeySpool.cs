using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Batches of sorted key records put into one order, in memory while they are few and in files on this host when they are many. The files are sealed under a key
/// that lives in this object alone: what a crash leaves of them is noise. Not thread-safe.
/// </summary>
internal sealed class SubjectKeySpool(string folder, VaultId vault) : IDisposable
{
    /// <summary>About 20 MB.</summary>
    internal const int MaxRecordsInMemory = 200_000;

    private readonly RootKey _root = RootKey.Create();
    private readonly List<SubjectRecords> _batches = [];
    private readonly List<SubjectKeyFile> _files = [];
    private int _inMemory;

    internal long Count => _inMemory + _files.Sum(static file => file.Count);

    /// <summary>A file of what <paramref name="merge"/> gives, sealed under <paramref name="root"/>, and gone when it is closed.</summary>
    internal static SubjectKeyFile Write(string folder, VaultId vault, RootKey root, SubjectKeyMerge merge)
    {
        Directory.CreateDirectory(folder);
        var file = new FileStream(Path.Combine(folder, $"spool-{Id256.Random()}.tmp"), PrivateFile.Options(FileOptions.DeleteOnClose));
        var header = new ObjectHeader(ObjectKind.HostCache, 0, vault, ObjectId.Random());
        try
        {
            using var writer = new SubjectKeyFileWriter(file, new ObjectKey(root.Bytes, header, SealPurpose.Cache));
            while (merge.TryNext(out var record))
            {
                writer.Add(record);
            }

            writer.Finish([]);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return SubjectKeyFile.TryOpen(file, new ObjectKey(root.Bytes, header, SealPurpose.Cache))!;
    }

    /// <summary>Sorted parts that each look-up asks.</summary>
    internal int Parts => _batches.Count + _files.Count;

    /// <summary>Takes the batch over. Of two records of one domain the one that was added first comes first. Small ones are merged, so that few are left however many are added.</summary>
    internal void Add(SubjectRecords batch)
    {
        _batches.Add(batch);
        _inMemory += batch.Count;
        while (_batches.Count > 1 && _batches[^2].Count < 2 * _batches[^1].Count)
        {
            var (first, second) = (_batches[^2], _batches[^1]);
            _batches.RemoveRange(_batches.Count - 2, 2);
            _batches.Add(SubjectRecords.Merge(first, second));
            first.Dispose();
            second.Dispose();
        }

        if (_inMemory > MaxRecordsInMemory)
        {
            Flush();
        }
    }

    /// <summary>To be called once all is added and before anything is looked up: leaves one file, or a few batches.</summary>
    internal void Complete()
    {
        if (_files.Count > 0 && _files.Count + _batches.Count > 1)
        {
            Flush();
            using var merge = new SubjectKeyMerge([], _files);
            var merged = Write(folder, vault, _root, merge);
            _files.ForEach(static file => file.Dispose());
            _files.Clear();
            _files.Add(merged);
        }
    }

    /// <summary>All records in order; valid until this is disposed of.</summary>
    internal SubjectKeyMerge Scan() => new(_batches, _files);

    /// <summary>Shows the records that start with <paramref name="prefix"/>, those added first first.</summary>
    internal void Find(ReadOnlySpan<byte> prefix, SubjectRecordReader read)
    {
        foreach (var file in _files)
        {
            file.Find(prefix, read);
        }

        foreach (var batch in _batches)
        {
            var range = batch.RangeOf(prefix);
            for (var i = range.Start.Value; i < range.End.Value; i++)
            {
                read(batch[i]);
            }
        }
    }

    public void Dispose()
    {
        _batches.ForEach(static batch => batch.Dispose());
        _files.ForEach(static file => file.Dispose());
        _root.Dispose();
    }

    private void Flush()
    {
        if (_batches.Count > 0)
        {
            using (var merge = new SubjectKeyMerge(_batches, []))
            {
                _files.Add(Write(folder, vault, _root, merge));
            }

            _batches.ForEach(static batch => batch.Dispose());
            _batches.Clear();
            _inMemory = 0;
        }
    }
}

/// <summary>Sorted batches and files read as one order; of equal records the one of the earlier file or batch comes first. Nothing is allocated per record.</summary>
internal sealed class SubjectKeyMerge : IDisposable
{
    private readonly List<Source> _sources = [];
    private readonly PriorityQueue<Source, Source> _queue = new(Comparer<Source>.Create(Source.Compare));
    private readonly OwnedBuffer _current = OwnedBuffer.Rent(SubjectRecord.SizeBytes);

    internal SubjectKeyMerge(IReadOnlyList<SubjectRecords> batches, IReadOnlyList<SubjectKeyFile> files)
    {
        _sources.AddRange(files.Select((file, i) => new Source(i, file, null)));
        _sources.AddRange(batches.Select((batch, i) => new Source(files.Count + i, null, batch)));
        _sources.ForEach(Push);
    }

    /// <param name="record">Valid until the next call.</param>
    internal bool TryNext(out ReadOnlySpan<byte> record)
    {
        if (!_queue.TryDequeue(out var source, out _))
        {
            record = default;
            return false;
        }

        source.Record.CopyTo(_current.Span);
        Push(source);
        record = _current.Span;
        return true;
    }

    public void Dispose()
    {
        _current.Dispose();
        _sources.ForEach(static source => source.Dispose());
    }

    private void Push(Source source)
    {
        if (source.TryAdvance())
        {
            _queue.Enqueue(source, source);
        }
    }

    /// <summary>Its record changes only while it is not in the queue.</summary>
    private sealed class Source(int order, SubjectKeyFile? file, SubjectRecords? batch) : IDisposable
    {
        private readonly OwnedBuffer _record = OwnedBuffer.Rent(SubjectRecord.SizeBytes);
        private readonly int _order = order;
        private long _next;

        internal ReadOnlySpan<byte> Record => _record.Span;

        internal bool TryAdvance()
        {
            if (_next >= (file?.Count ?? batch!.Count))
            {
                return false;
            }

            (file is not null ? file.At(_next) : batch![(int)_next]).CopyTo(_record.Span);
            _next++;
            return true;
        }

        internal static int Compare(Source left, Source right)
        {
            var byRecord = SubjectRecord.Compare(left.Record, right.Record);
            return byRecord != 0 ? byRecord : left._order.CompareTo(right._order);
        }

        public void Dispose() => _record.Dispose();
    }
}
