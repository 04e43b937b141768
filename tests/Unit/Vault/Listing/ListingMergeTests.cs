using System.Diagnostics;
using System.Text;
using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

public sealed class ListingMergeTests
{
    private static readonly RootKey ChunkerKey = new(new byte[32]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task Any_two_listings_give_the_pairs_that_a_dictionary_gives() =>
        Gen.Select(Tree, Tree, Gen.Bool).SampleAsync(async (left, right, withShared) =>
        {
            using var store = new MemoryChunkStore();
            var pairs = await MergeAsync(store, await BuildAsync(store, left), await BuildAsync(store, right), withShared);
            var old = left.ToDictionary(entry => entry.Path);
            var current = right.ToDictionary(entry => entry.Path);
            Assert.Equal(Differences(old, current), pairs.Where(IsDifferent).Select(Text));
            if (withShared)
            {
                Assert.Equal(old.Keys.Union(current.Keys).Order().Select(path => path.ToString()), pairs.Select(pair => (pair.After ?? pair.Before)!.Path.ToString()));
            }
        }, iter: 100);

    [Fact]
    public async Task Two_near_equal_listings_of_very_many_entries_cost_a_few_pages()
    {
        using var store = new MemoryChunkStore();
        var entries = Folders(folders: 600, files: 500);
        var before = await BuildAsync(store, entries);
        entries[150_000] = entries[150_000] with { Metadata = entries[150_000].Metadata with { SizeBytes = 99 } };
        entries.RemoveAt(10);
        entries.Add(File(Path("zz-new")));
        var after = await BuildAsync(store, entries);
        store.Fetched.Clear();
        var clock = Stopwatch.StartNew();
        var merge = new ListingMerge(new ListingReader(before, store), new ListingReader(after, store));
        var pairs = await merge.PairsAsync(withShared: false, Token).ToListAsync(Token);
        Assert.Equal(["- folder-000/file-00009", "! folder-299/file-00200", "+ zz-new"], pairs.Where(IsDifferent).Select(Text));
        Assert.True(store.Fetched.Count < 60, $"{store.Fetched.Count} of {store.Chunks.Count} pages were read.");
        Assert.Equal(300_601, merge.SharedEntries + pairs.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task Equal_listings_cost_their_root_pages()
    {
        using var store = new MemoryChunkStore();
        var root = await BuildAsync(store, Folders(folders: 40, files: 500));
        store.Fetched.Clear();
        Assert.Empty(await MergeAsync(store, root, root, withShared: false));
        Assert.Equal(2, store.Fetched.Count);
    }

    [Fact]
    public async Task Nothing_is_said_about_paths_whose_page_is_lost()
    {
        using var store = new MemoryChunkStore();
        var entries = Folders(folders: 40, files: 500);
        var before = await BuildAsync(store, entries);
        var changed = entries.Select((entry, i) => i % 1000 == 7 ? entry with { Metadata = entry.Metadata with { SizeBytes = i } } : entry).ToList();
        var after = await BuildAsync(store, changed);
        var whole = (await MergeAsync(store, before, after, withShared: false)).Where(IsDifferent).Select(Text).ToList();
        Assert.Equal(20, whole.Count);

        var leaf = (await new ListingReader(after, store).PagesAsync(Token).ToListAsync(Token)).Except(
            await new ListingReader(before, store).PagesAsync(Token).ToListAsync(Token)).Last();
        store.Chunks.Remove(leaf);
        var lost = new List<PageReference?>();
        var merge = new ListingMerge(
            new ListingReader(before, store, (page, _) => lost.Add(page)), new ListingReader(after, store, (page, _) => lost.Add(page)));
        var pairs = (await merge.PairsAsync(withShared: false, Token).ToListAsync(Token)).Where(IsDifferent).ToList();
        var gap = Assert.Single(lost)!;
        Assert.Equal(gap.EntryCount, merge.UnknownEntries);
        Assert.Subset(whole.ToHashSet(StringComparer.Ordinal), pairs.Select(Text).ToHashSet(StringComparer.Ordinal));
        Assert.InRange(pairs.Count, 1, whole.Count - 1);
        Assert.DoesNotContain(pairs, pair => gap.First <= pair.Before!.Path && pair.Before.Path <= gap.Last);
        await Assert.ThrowsAsync<IntegrityException>(() => MergeAsync(store, before, after, withShared: false));
    }

    [Fact]
    public async Task What_lies_in_a_folder_is_found_without_reading_what_lies_deeper()
    {
        using var store = new MemoryChunkStore();
        var entries = Folders(folders: 10, files: 5000);
        var root = await BuildAsync(store, [.. entries, File(Path("readme"))]);
        var listing = new ListingReader(root, store);
        store.Fetched.Clear();
        var top = await listing.ChildrenAsync(EntryPath.Root, Token).ToListAsync(Token);
        Assert.Equal(11, top.Count);
        Assert.True(store.Fetched.Count < store.Chunks.Count / 2, $"{store.Fetched.Count} of {store.Chunks.Count} pages were read.");
        Assert.Equal(5000, await listing.ChildrenAsync(Path("folder-007"), Token).CountAsync(Token));
        store.Fetched.Clear();
        Assert.NotNull(await listing.FindAsync(Path("folder-007", "file-00250"), Token));
        Assert.Null(await listing.FindAsync(Path("folder-007", "file-00250x"), Token));
        Assert.True(store.Fetched.Count <= 2 * (root!.Level + 1), $"{store.Fetched.Count} pages were read.");
    }

    private static Gen<List<ListedEntry>> Tree { get; } = Gen.Select(
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 60], Gen.Int[0, 2]).Array[0, 400],
        Gen.Int[0, 3000],
        (random, count) => random.Select(item => (Folder: item.Item1, Name: item.Item2, Version: item.Item3))
            .Concat(Enumerable.Range(0, count).Select(i => (Folder: i / 50, Name: i % 50, Version: 0)))
            .DistinctBy(item => (item.Folder, item.Name))
            .Select(item => File(Path($"folder-{item.Folder:d2}", $"file-{item.Name:d2}")) with { ContentFault = item.Version == 0 ? null : $"SB600{item.Version}" })
            .OrderBy(entry => entry.Path)
            .ToList());

    private static bool IsDifferent(ListedPair pair) =>
        pair.Before is null || pair.After is null
        || pair.Before.Metadata.SizeBytes != pair.After.Metadata.SizeBytes || !string.Equals(pair.Before.ContentFault, pair.After.ContentFault, StringComparison.Ordinal);

    private static string Text(ListedPair pair) =>
        pair.Before is null ? $"+ {pair.After!.Path}" : pair.After is null ? $"- {pair.Before.Path}" : $"! {pair.After.Path}";

    private static IEnumerable<string> Differences(Dictionary<EntryPath, ListedEntry> old, Dictionary<EntryPath, ListedEntry> current) =>
        old.Keys.Union(current.Keys).Order()
            .Select(path => new ListedPair(old.GetValueOrDefault(path), current.GetValueOrDefault(path))).Where(IsDifferent).Select(Text);

    private static Task<List<ListedPair>> MergeAsync(MemoryChunkStore store, ListingRoot? before, ListingRoot? after, bool withShared) =>
        new ListingMerge(new ListingReader(before, store), new ListingReader(after, store)).PairsAsync(withShared, Token).ToListAsync(Token).AsTask();

    private static async Task<ListingRoot?> BuildAsync(MemoryChunkStore store, IEnumerable<ListedEntry> entries)
    {
        using var builder = new ListingBuilder(store, ChunkerKey);
        foreach (var entry in entries)
        {
            await builder.AddAsync(entry.Path, EntryCodec.Encode(entry), Token);
        }

        return await builder.FinishAsync(Token);
    }

    private static List<ListedEntry> Folders(int folders, int files) =>
    [
        .. from folder in Enumerable.Range(0, folders)
           from file in Enumerable.Range(-1, files + 1)
           select file < 0
               ? new ListedEntry { Path = Path($"folder-{folder:d3}"), Metadata = new EntryMetadata { Kind = EntryKind.Directory } }
               : File(Path($"folder-{folder:d3}", $"file-{file:d5}")),
    ];

    private static EntryPath Path(params string[] components) => new([.. components.Select(Encoding.UTF8.GetBytes)]);

    private static ListedEntry File(EntryPath path) => new() { Path = path, Metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = 7, Mode = 420 } };
}
