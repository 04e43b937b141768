using System.Text;
using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

public sealed class ListingTreeTests
{
    private static readonly RootKey ChunkerKey = new(new byte[32]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_entry_gives_no_root()
    {
        var store = new MemoryChunkStore();
        Assert.Null(await BuildAsync(store, []));
        Assert.Empty(store.Chunks);
    }

    [Fact]
    public Task Any_entries_come_back_in_order() =>
        EntryGen.Entry.Array[1, 300].SampleAsync(async generated =>
        {
            var entries = generated.GroupBy(entry => entry.Path).Select(group => group.First()).OrderBy(entry => entry.Path).ToList();
            var store = new MemoryChunkStore();
            var root = await BuildAsync(store, entries);
            var back = await new ListingReader(root, store).EntriesAsync(Token).ToListAsync(Token);
            Assert.Equal(entries.Select(entry => entry.Path), back.Select(entry => entry.Path));
            Assert.Equivalent(entries, back, strict: true);
        }, iter: 20);

    [Fact]
    public async Task A_scope_gives_its_entries_alone_and_reads_few_pages()
    {
        var store = new MemoryChunkStore();
        var entries = Folders(folders: 40, files: 500);
        var root = await BuildAsync(store, entries);
        Assert.True(root!.Level > 0);
        store.Fetched.Clear();
        var scope = Path("folder-17");
        var found = await new ListingReader(root, store).EntriesAsync(scope, Token).ToListAsync(Token);
        Assert.Equal(entries.Where(entry => scope.IsAncestorOrSelfOf(entry.Path)).Select(entry => entry.Path), found.Select(entry => entry.Path));
        Assert.True(store.Fetched.Count < store.Chunks.Count / 4, $"{store.Fetched.Count} of {store.Chunks.Count} pages were read.");
    }

    [Fact]
    public async Task A_change_in_one_folder_stores_few_new_pages()
    {
        var store = new MemoryChunkStore();
        var entries = Folders(folders: 40, files: 500);
        await BuildAsync(store, entries);
        var before = store.StoredNew;
        var at = entries.FindIndex(entry => entry.Path == Path("folder-17", "file-00250"));
        entries[at] = entries[at] with { Metadata = entries[at].Metadata with { SizeBytes = 99 } };
        entries.Insert(at, File(Path("folder-17", "file-00249-new")));
        await BuildAsync(store, entries);
        Assert.InRange(store.StoredNew - before, 1, 6);
    }

    [Fact]
    public async Task The_pages_are_all_named_by_the_walk_from_the_root()
    {
        var store = new MemoryChunkStore();
        var root = await BuildAsync(store, Folders(folders: 10, files: 500));
        var pages = await new ListingReader(root, store).PagesAsync(Token).ToListAsync(Token);
        Assert.Equal(store.Chunks.Keys.Order(), pages.Order());
    }

    [Fact]
    public async Task A_lost_page_costs_its_entries_and_is_told()
    {
        var store = new MemoryChunkStore();
        var entries = Folders(folders: 10, files: 500);
        var root = await BuildAsync(store, entries);
        var leaf = (await new ListingReader(root, store).PagesAsync(Token).ToListAsync(Token))[^1];
        store.Chunks.Remove(leaf);
        var lost = new List<(PageReference? Page, BackupException Error)>();
        var back = await new ListingReader(root, store, (page, error) => lost.Add((page, error))).EntriesAsync(Token).ToListAsync(Token);
        var (place, fault) = Assert.Single(lost);
        Assert.Equal(FaultCodes.ChunkMissing, fault.Code);
        Assert.Equal(entries.Count - back.Count, place!.EntryCount);
        await Assert.ThrowsAsync<IntegrityException>(async () => await new ListingReader(root, store).EntriesAsync(Token).ToListAsync(Token));
    }

    [Fact]
    public async Task A_page_that_is_not_the_one_named_above_it_is_refused()
    {
        var store = new MemoryChunkStore();
        var root = await BuildAsync(store, Folders(folders: 10, files: 500));
        var pages = await new ListingReader(root, store).PagesAsync(Token).ToListAsync(Token);
        store.Chunks[pages[^1]] = store.Chunks[pages[^2]];
        var refused = await Assert.ThrowsAsync<IntegrityException>(async () => await new ListingReader(root, store).EntriesAsync(Token).ToListAsync(Token));
        Assert.Equal(FaultCodes.ListingMalformed, refused.Code);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 23)]
    [InlineData(7, 24)]
    [InlineData(2, 255)]
    [InlineData(0, 256)]
    [InlineData(0, 65_535)]
    [InlineData(3, 65_536)]
    public void A_page_is_framed_as_a_writer_of_CBOR_frames_it(int level, int count)
    {
        var items = new byte[count];
        var writer = new CborMapWriter().BeginMap(2).Key(0).Int(level).Key(1).Array(items, static (item, value) => item.Int(value)).EndMap();
        using var page = PageCodec.EncodePage(level, count, items);
        Assert.Equal(writer.Encode(), page.Span);
    }

    [Fact]
    public void Many_messages_hash_as_each_alone()
    {
        using var key = DerivedKey.Derive(ChunkerKey, "sb1/pages"u8);
        using var hasher = new KeyedHasher(key);
        Assert.All(Enumerable.Range(0, 200), length =>
        {
            var message = new byte[length];
            Assert.Equal(key.HashOf(message), hasher.HashOf(message));
        });
    }

    [Fact]
    public async Task No_page_is_longer_than_half_a_pack_and_the_item_that_ends_it()
    {
        const int HalfPackBytes = 5 * 1024;
        const int ItemBytes = 256;
        var entries = Folders(4, 1000);
        using var store = new MemoryChunkStore { MaxPageBytes = HalfPackBytes };
        Assert.NotNull(await BuildAsync(store, entries));
        Assert.InRange(store.Chunks.Values.Max(static page => page.Length), HalfPackBytes, HalfPackBytes + ItemBytes);

        using var free = new MemoryChunkStore();
        Assert.NotNull(await BuildAsync(free, entries));
        Assert.InRange(free.Chunks.Values.Max(static page => page.Length), HalfPackBytes + ItemBytes + 1, int.MaxValue);
    }

    [Fact]
    public async Task Entries_out_of_order_are_a_bug_in_the_caller()
    {
        using var builder = new ListingBuilder(new MemoryChunkStore(), ChunkerKey);
        await AddAsync(builder, File(Path("b")));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await AddAsync(builder, File(Path("a"))));
    }

    private static async Task<ListingRoot?> BuildAsync(MemoryChunkStore store, IEnumerable<ListedEntry> entries)
    {
        using var builder = new ListingBuilder(store, ChunkerKey);
        foreach (var entry in entries)
        {
            await AddAsync(builder, entry);
        }

        return await builder.FinishAsync(Token);
    }

    private static ValueTask AddAsync(ListingBuilder builder, ListedEntry entry) => builder.AddAsync(entry.Path, EntryCodec.Encode(entry), Token);

    private static List<ListedEntry> Folders(int folders, int files) =>
    [
        .. from folder in Enumerable.Range(0, folders)
           from file in Enumerable.Range(0, files)
           select File(Path($"folder-{folder:d2}", $"file-{file:d5}")),
    ];

    private static EntryPath Path(params string[] components) => new([.. components.Select(Encoding.UTF8.GetBytes)]);

    private static ListedEntry File(EntryPath path) => new() { Path = path, Metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = 7, Mode = 420 } };
}
