using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault.Listing;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Stage 2 of a backup of records: brings each subject's records together, stores them under that subject's key, and lists one entry a subject.
/// </summary>
internal sealed class RecordListing : IDisposable
{
    private readonly BackupSession _session;
    private readonly RecordSpool _spool;
    private readonly SubjectKeyIssuer _issuer;
    private readonly RunContext _context;
    private readonly byte[] _root;
    private readonly ContentWriter _identities;
    private readonly ListingBuilder _listing;

    internal RecordListing(BackupSession session, RecordSpool spool, SubjectKeyIssuer issuer, string dataSet, RunContext context)
    {
        (_session, _spool, _issuer, _context) = (session, spool, issuer, context);
        _root = Encoding.UTF8.GetBytes(dataSet);
        _identities = new ContentWriter(session.Chunker, session.Chunks, ChunkClass.Page, null);
        _listing = new ListingBuilder(session.Chunks, session.Vault.Keys.Chunker);
    }

    internal long EntryCount => _listing.EntryCount;

    internal long SubjectCount { get; private set; }

    internal long ContentBytes { get; private set; }

    /// <summary>What was taken out because its subject was erased while the run went on.</summary>
    internal HashSet<DomainId> Erased { get; } = [];

    /// <summary>Stores and lists everything; then nothing more is claimed.</summary>
    internal async Task<SnapshotContents> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await StoreAllAsync(cancellationToken);
        }
        finally
        {
            await _identities.SettleAsync();
        }
    }

    public void Dispose()
    {
        _identities.Dispose();
        _listing.Dispose();
    }

    private async Task<SnapshotContents> StoreAllAsync(CancellationToken cancellationToken)
    {
        using var entries = new SubjectEntries(_spool.Folder);
        await using (var contents = new SubjectContents(_session.Chunks, new FreshTally(_session.Meter), _session.Chunker, _root))
        {
            await (_spool.HasSubjects ? StoreSubjectsAsync(contents, entries, cancellationToken) : StoreStreamAsync(contents, entries, cancellationToken));
        }

        Erased.UnionWith(await _issuer.ErasedSinceAsync(cancellationToken));
        await ListAsync(new ListedEntry { Path = new EntryPath([_root]), Metadata = new EntryMetadata { Kind = EntryKind.Directory } }, cancellationToken);
        foreach (var entry in entries.Read())
        {
            if (!Erased.Contains(entry.Domain))
            {
                await ListAsync(entry, cancellationToken);
            }
        }

        RequireSomebody();
        var identities = await _identities.FinishAsync(cancellationToken);
        var faults = await StoreFaultsAsync(cancellationToken);
        var root = await _listing.FinishAsync(cancellationToken);
        _session.Channels.Claimed.Writer.Complete();
        ReportErased();
        return new SnapshotContents(root, identities, faults);
    }

    private async Task StoreStreamAsync(SubjectContents contents, SubjectEntries entries, CancellationToken cancellationToken)
    {
        await contents.BeginAsync(null, null, cancellationToken);
        foreach (var record in _spool.Read())
        {
            Count(record.Record.Length);
            await contents.WriteAsync(record.Record, cancellationToken);
        }

        entries.Add(await contents.FinishAsync(cancellationToken));
    }

    private async Task StoreSubjectsAsync(SubjectContents contents, SubjectEntries entries, CancellationToken cancellationToken)
    {
        using var sorter = new SubjectSorter(_spool.Folder);
        foreach (var record in _spool.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            sorter.Add(_session.Vault.Keys.PseudonymOf(record.Subject).Value, record);
        }

        using var batch = new SubjectBatch();
        Id256? last = null;
        var isOpen = false;
        foreach (var item in sorter.Sorted())
        {
            batch.Add(item, isFirst: last != item.Key);
            last = item.Key;
            if (batch.IsFull)
            {
                isOpen = await StoreBatchAsync(batch, contents, entries, isOpen, cancellationToken);
            }
        }

        if (await StoreBatchAsync(batch, contents, entries, isOpen, cancellationToken))
        {
            entries.Add(await contents.FinishAsync(cancellationToken));
        }
    }

    /// <summary>
    /// A crash before the additions are stored leaves nothing; after it keys under which nothing is sealed yet. The other way round there would be records that
    /// nobody can open.
    /// </summary>
    /// <returns>Whether a subject's content is still open: its next records may come with the next batch.</returns>
    private async Task<bool> StoreBatchAsync(SubjectBatch batch, SubjectContents contents, SubjectEntries entries, bool isOpen, CancellationToken cancellationToken)
    {
        var domains = new Queue<SubjectDomain>();
        try
        {
            foreach (var (_, subject, _) in batch.Items)
            {
                if (subject is not null)
                {
                    domains.Enqueue(_issuer.For(subject));
                }
            }

            await _issuer.StoreAdditionsAsync(cancellationToken);
            foreach (var (_, subject, record) in batch.Items)
            {
                if (subject is not null)
                {
                    if (isOpen)
                    {
                        entries.Add(await contents.FinishAsync(cancellationToken));
                    }

                    SubjectCount++;
                    await contents.BeginAsync(domains.Dequeue(), subject, cancellationToken);
                    isOpen = true;
                }

                Count(record.LengthBytes);
                await contents.WriteAsync(record.Memory, cancellationToken);
            }
        }
        finally
        {
            batch.Clear();
            foreach (var domain in domains)
            {
                domain.Key.Dispose();
            }
        }

        return isOpen;
    }

    private async ValueTask ListAsync(ListedEntry entry, CancellationToken cancellationToken)
    {
        ContentBytes += entry.Metadata.SizeBytes;
        await _listing.AddAsync(entry.Path, EntryCodec.Encode(entry), cancellationToken);
        var identity = new byte[IdentityCodec.SizeBytes];
        IdentityCodec.Write(new EntryIdentity(null, 0, 0, 1), identity);
        await _identities.WriteAsync(identity, cancellationToken);
    }

    private async ValueTask<ContentRef?> StoreFaultsAsync(CancellationToken cancellationToken)
    {
        if (_spool.Faults.Count == 0)
        {
            return null;
        }

        foreach (var fault in _spool.Faults)
        {
            await _identities.WriteAsync(FaultListCodec.Encode(fault), cancellationToken);
        }

        return await _identities.FinishAsync(cancellationToken);
    }

    /// <summary>An empty backup is never made: it would look like a good one.</summary>
    private void RequireSomebody()
    {
        if (_listing.EntryCount == 1)
        {
            throw new RequestException(FaultCodes.SourceEmpty, "Everybody whose records came in was erased while this backup ran; no backup was made.");
        }
    }

    private void Count(int bytes)
    {
        _context.Counters.AddFile();
        _context.Counters.AddBytesRead(bytes);
    }

    private void ReportErased()
    {
        SubjectCount -= Erased.Count;
        if (Erased.Count > 0)
        {
            _context.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"{Erased.Count:N0} customer(s) were erased while this backup ran; their records are not in the snapshot."));
        }
    }
}
