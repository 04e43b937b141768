using System.Runtime.CompilerServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Brings records back out of snapshots: all of one, or those of one subject. What was erased is left out and counted; what is damaged costs the subject that it
/// belongs to. One browser serves many snapshots: they share index, keyring and the pages read last. Not thread-safe.
/// </summary>
public sealed class RecordBrowser : IDisposable
{
    /// <summary>For reading the whole of a snapshot: its records lie behind each other where one run wrote them.</summary>
    public const int WholeSnapshotReadAheadBytes = 4 * 1024 * 1024;

    private readonly VaultReader _vault;
    private readonly ChunkIndex _index;
    private readonly ChunkFetcher _chunks;
    private readonly PageCachingFetcher _pages;
    private readonly SubjectKeyring _keyring;

    private RecordBrowser(VaultReader vault, ChunkIndex index, SubjectKeyring keyring, int readAheadBytes)
    {
        _vault = vault;
        _index = index;
        _keyring = keyring;
        _chunks = new ChunkFetcher(vault, index, readAheadBytes);
        _pages = new PageCachingFetcher(new ChunkFetcher(vault, index));
    }

    /// <param name="readAheadBytes">0 where single subjects are looked for.</param>
    public static async Task<RecordBrowser> OpenAsync(VaultReader vault, IEngineSink sink, int readAheadBytes, CancellationToken cancellationToken)
    {
        var keyring = await SubjectKeyring.OpenAsync(vault, cancellationToken);
        try
        {
            var index = await ChunkIndexLoader.OpenForReadingAsync(vault.Vault, vault.Vault.Self, sink, cancellationToken);
            return new RecordBrowser(vault, index, keyring, readAheadBytes);
        }
        catch
        {
            keyring.Dispose();
            throw;
        }
    }

    /// <summary>Every record of a snapshot whose key lives, subject by subject, each subject's in the order in which they came.</summary>
    public async IAsyncEnumerable<StoredRecord> EnumerateAsync(Snapshot snapshot, RecordTally tally, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var listing = new ListingReader(_vault.OpenOwnerPart(snapshot).ListingRoot, _pages, (page, damage) => tally.Add(RestoreCorridor.LostPage(page, damage)));
        await foreach (var entry in listing.EntriesAsync(cancellationToken))
        {
            if (entry.Metadata.Kind != EntryKind.File)
            {
                continue;
            }

            using var key = entry.Domain.IsVault ? null : await _keyring.FindAsync(entry.Domain, cancellationToken);
            if (key is null && !entry.Domain.IsVault)
            {
                tally.ErasedSubjects++;
                continue;
            }

            await foreach (var record in ReadAsync(snapshot, entry, key, tally, cancellationToken))
            {
                yield return record;
            }
        }
    }

    /// <summary>One subject's records in a snapshot; none where it has none, or where it was erased.</summary>
    /// <exception cref="RequestException">SubjectInvalid.</exception>
    public async IAsyncEnumerable<StoredRecord> EnumerateAsync(
        Snapshot snapshot, string subject, RecordTally tally, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (entry, key) in FindAsync(snapshot, subject, tally, cancellationToken))
        {
            await foreach (var record in ReadAsync(snapshot, entry, key, tally, cancellationToken))
            {
                yield return record;
            }
        }
    }

    /// <summary>
    /// Every version of every record of a subject in these snapshots, each once, the oldest first. Contents that many snapshots share are read once.
    /// </summary>
    public async Task<IReadOnlyList<RecordVersion>> HistoryAsync(
        IEnumerable<Snapshot> snapshots, string subject, RecordTally tally, CancellationToken cancellationToken)
    {
        var history = new SubjectHistory();
        foreach (var snapshot in snapshots.Where(static snapshot => snapshot.Kind == SnapshotKind.Records).OrderBy(static snapshot => snapshot.StartedAt))
        {
            await foreach (var (entry, key) in FindAsync(snapshot, subject, tally, cancellationToken))
            {
                if (history.TryRepeat(snapshot, entry))
                {
                    continue;
                }

                await foreach (var record in ReadAsync(snapshot, entry, key, tally, cancellationToken))
                {
                    history.Add(record, entry);
                }
            }
        }

        return history.Versions;
    }

    public void Dispose()
    {
        _pages.Dispose();
        _chunks.Dispose();
        _index.Dispose();
        _keyring.Dispose();
    }

    /// <summary>The subject's entries: straight down the tree to each of its domains. A key is valid until the next entry.</summary>
    private async IAsyncEnumerable<(ListedEntry Entry, SubjectKeyEntry Key)> FindAsync(
        Snapshot snapshot, string subject, RecordTally tally, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var keys = await _keyring.OfSubjectAsync(subject, cancellationToken);
        try
        {
            ListingReader? listing = null;
            foreach (var key in keys.Where(key => key.DataSet == snapshot.DataSetId))
            {
                listing ??= new ListingReader(_vault.OpenOwnerPart(snapshot).ListingRoot, _pages, (page, damage) => tally.Add(RestoreCorridor.LostPage(page, damage)));
                var path = SubjectContents.PathOf(snapshot.DataSet, key.Domain);
                await foreach (var entry in listing.EntriesAsync(path, cancellationToken))
                {
                    if (entry.Path == path && entry.Domain == key.Domain)
                    {
                        yield return (entry, key);
                    }
                }
            }
        }
        finally
        {
            foreach (var key in keys)
            {
                key.Dispose();
            }
        }
    }

    /// <summary>The records of one entry; what is wrong with it is a fault, and what came before the fault has been handed out.</summary>
    private async IAsyncEnumerable<StoredRecord> ReadAsync(
        Snapshot snapshot,
        ListedEntry entry,
        SubjectKeyEntry? key,
        RecordTally tally,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var content = new RecordContent(_vault.Vault, entry, new DomainChunks(_chunks, key is null ? null : new SubjectDomain(key.Domain, key.Key)), key?.Subject);
        await using var items = content.ItemsAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        tally.Subjects += key is null ? 0 : 1;
        for (long number = 0; ; number++)
        {
            StoredRecord record;
            try
            {
                if (!await items.MoveNextAsync())
                {
                    break;
                }

                record = new StoredRecord(snapshot, content.Subject, number, ContentHash.Of(items.Current.Span), RecordReader.Read(items.Current));
            }
            catch (BackupException damage) when (ChunkFetcher.IsOfOnePlace(damage))
            {
                tally.Add(EntryFault.Of(entry.Path.ToString(), damage));
                break;
            }

            tally.Records++;
            yield return record;
        }
    }

    /// <summary>The chunks of one domain.</summary>
    private sealed class DomainChunks(ChunkFetcher chunks, SubjectDomain? domain) : IChunkFetcher
    {
        public ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken) => chunks.FetchAsync(id, domain, cancellationToken);
    }
}
