using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// Builds the tree of pages from entries in path order. Pages are cut by a keyed hash of the path, so that a change in one folder
/// leaves the pages of the others as they are and they are not stored again.
/// </summary>
public sealed class ListingBuilder : IDisposable
{
    private const int MinPageBytes = 16 * 1024;
    private const int MaxPageBytes = 256 * 1024;

    private readonly IChunkStore _store;
    private readonly DerivedKey _cutKey;
    private readonly List<OpenPage> _levels = [new()];
    private EntryPath? _last;

    public ListingBuilder(IChunkStore store, SecretKey chunkerKey)
    {
        _store = store;
        _cutKey = DerivedKey.Derive(chunkerKey, "sb1/pages"u8);
    }

    public long EntryCount { get; private set; }

    /// <summary>Adds the next entry; its path is greater than the one before.</summary>
    /// <param name="encoded">By <see cref="EntryCodec"/>; kept until its page is stored.</param>
    public async ValueTask AddAsync(EntryPath path, ReadOnlyMemory<byte> encoded, CancellationToken cancellationToken)
    {
        if (_last is not null && path <= _last)
        {
            throw new InvalidOperationException($"The entry '{path}' does not follow '{_last}'.");
        }

        _last = path;
        EntryCount++;
        await AddAsync(0, new PageItem(path, path, 1, encoded), cancellationToken);
    }

    /// <summary>Closes all pages; null where there was no entry.</summary>
    public async ValueTask<ListingRoot?> FinishAsync(CancellationToken cancellationToken)
    {
        if (EntryCount == 0)
        {
            return null;
        }

        for (var level = 0; ; level++)
        {
            var page = _levels[level];
            if (level == _levels.Count - 1)
            {
                // A level that closed pages has a level above it, so the topmost page is the only one of its level: the root.
                return new ListingRoot(level, await StoreAsync(level, page, cancellationToken));
            }

            if (page.Items.Count > 0)
            {
                await CloseAsync(level, cancellationToken);
            }
        }
    }

    public void Dispose() => _cutKey.Dispose();

    private async ValueTask AddAsync(int level, PageItem item, CancellationToken cancellationToken)
    {
        var page = _levels[level];
        page.Items.Add(item);
        page.LengthBytes += item.Encoded.Length;
        if (page.LengthBytes >= MaxPageBytes || (page.LengthBytes >= MinPageBytes && IsCut(level, item.First)))
        {
            await CloseAsync(level, cancellationToken);
        }
    }

    private async ValueTask CloseAsync(int level, CancellationToken cancellationToken)
    {
        var page = _levels[level];
        var id = await StoreAsync(level, page, cancellationToken);
        var reference = new PageReference(page.Items[0].First, page.Items[^1].Last, page.Items.Sum(item => item.EntryCount), id);
        page.Items.Clear();
        page.LengthBytes = 0;
        if (level == _levels.Count - 1)
        {
            _levels.Add(new OpenPage());
        }

        await AddAsync(level + 1, new PageItem(reference.First, reference.Last, reference.EntryCount, PageCodec.EncodeReference(reference)), cancellationToken);
    }

    private async ValueTask<ChunkId> StoreAsync(int level, OpenPage page, CancellationToken cancellationToken)
    {
        var bytes = PageCodec.EncodePage(level, page.Items.Select(item => item.Encoded), page.Items.Count);
        return await _store.StoreAsync(OwnedBuffer.CopyOf(bytes), ChunkClass.Page, cancellationToken);
    }

    private bool IsCut(int level, EntryPath path)
    {
        var mask = level == 0 ? 0x3FUL : 0x0FUL;
        return ((_cutKey.HashOf(PageCodec.PathBytes(path)).A >> 56) & mask) == 0;
    }

    private sealed record PageItem(EntryPath First, EntryPath Last, long EntryCount, ReadOnlyMemory<byte> Encoded);

    private sealed class OpenPage
    {
        public List<PageItem> Items { get; } = [];

        public int LengthBytes { get; set; }
    }
}
