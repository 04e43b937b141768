using System.Text;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Writes contents of records, one after the other: a subject's under its own key, the whole stream of a data set without subjects under the vault's.
/// What fits into one chunk is one chunk, so that a subject's records lie together and nothing tells how many there are.
/// </summary>
internal sealed class SubjectContents : IChunkStore, IAsyncDisposable
{
    /// <summary>The only entry of a data set without subjects.</summary>
    private static readonly byte[] StreamName = "records"u8.ToArray();

    private readonly ChunkStore _store;
    private readonly FreshTally _fresh;
    private readonly ContentWriter _writer;
    private readonly byte[] _root;
    private readonly byte[] _length = new byte[RecordFraming.LengthBytes];
    private SubjectDomain? _subject;

    internal SubjectContents(ChunkStore store, FreshTally fresh, IChunker chunker, byte[] root)
    {
        _store = store;
        _fresh = fresh;
        _root = root;
        _writer = new ContentWriter(new WholeChunker(chunker), this, ChunkClass.Data, null);
    }

    public int MaxPageBytes => _store.MaxPageBytes;

    /// <param name="domain">Taken over until the content ends; null for the vault's.</param>
    internal ValueTask BeginAsync(SubjectDomain? domain, string? subject, CancellationToken cancellationToken)
    {
        _subject = domain;
        return WriteAsync(RecordFraming.EncodeHead(subject), cancellationToken);
    }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> item, CancellationToken cancellationToken)
    {
        RecordFraming.WriteLength(_length, item.Length);
        await _writer.WriteAsync(_length, cancellationToken);
        await _writer.WriteAsync(item, cancellationToken);
    }

    /// <summary>The entry of the content, which has no times: the same records give the same entry in every run.</summary>
    internal async ValueTask<ListedEntry> FinishAsync(CancellationToken cancellationToken)
    {
        var sizeBytes = _writer.LengthBytes;
        var content = await _writer.FinishAsync(cancellationToken);
        _fresh.Keep();
        var domain = _subject?.Id ?? DomainId.Vault;
        Forget();
        return new ListedEntry
        {
            Path = new EntryPath([_root, domain.IsVault ? StreamName : NameOf(domain)]),
            Content = content,
            Domain = domain,
            Metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = sizeBytes },
        };
    }

    /// <summary>Where a subject's entry stands in a snapshot of this data set.</summary>
    internal static EntryPath PathOf(string dataSet, DomainId domain) => new([Encoding.UTF8.GetBytes(dataSet), NameOf(domain)]);

    public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken) =>
        _store.StoreAsync(plain, chunkClass, _subject, _fresh, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _writer.SettleAsync();
        Forget();
        _writer.Dispose();
    }

    private static byte[] NameOf(DomainId domain) => Encoding.ASCII.GetBytes(domain.ToString());

    private void Forget()
    {
        _subject?.Key.Dispose();
        _subject = null;
    }

    /// <summary>Cuts only what no single chunk holds; from there on where the content says.</summary>
    private sealed class WholeChunker(IChunker inner) : IChunker
    {
        public string Name => inner.Name;

        public int MinBytes => inner.MinBytes;

        public int MaxBytes => inner.MaxBytes;

        public int NextBoundary(ReadOnlySpan<byte> window, bool isLast) =>
            isLast && window.Length <= MaxBytes ? window.Length : inner.NextBoundary(window, isLast);
    }
}
