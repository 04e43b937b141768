using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Index;

/// <summary>Lookups of what the last run listed: they answer as claims do, and claim nothing.</summary>
public sealed class ChunkReuseTests : IDisposable
{
    private readonly IndexKit _kit = new();

    public void Dispose() => _kit.Dispose();

    [Fact]
    public async Task A_lookup_reserves_nothing_and_finds_what_is_placed_or_committed_alone()
    {
        using var index = await _kit.LoadAsync();
        var (pack, entries) = _kit.Imagine(3);
        Assert.Null(await index.FindReliableAsync(entries[0].Chunk, IndexKit.Token));
        Assert.Equal(0, index.UncommittedCount);
        Assert.Equal(ChunkState.New, (await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State);
        Assert.Null(await index.FindReliableAsync(entries[0].Chunk, IndexKit.Token));
        Assert.Equal(ChunkState.Pending, (await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State);

        index.Place(pack, entries);
        Assert.Equal(pack, (await index.FindReliableAsync(entries[0].Chunk, IndexKit.Token))!.Pack);
        Assert.Null(index.FindAtHand(entries[0].Chunk));
        index.Commit(await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), (pack, entries))), [pack.Id]);
        Assert.All(entries, entry => Assert.Equal(entry, index.FindReliableAsync(entry.Chunk, IndexKit.Token).AsTask().Result!.Entry));
        Assert.Equal(entries[1], index.FindAtHand(entries[1].Chunk)!.Entry);
    }

    [Fact]
    public async Task What_is_at_hand_is_what_a_lookup_gives_on_every_page_and_in_every_pack()
    {
        var packs = Enumerable.Range(0, 40).Select(_ => _kit.Imagine(100)).ToList();
        await _kit.StoreAsync(_kit.Sealing(), [.. packs]);
        using var index = await _kit.LoadAsync();
        var found = 0;
        for (var turn = 0; turn < 2; turn++)
        {
            foreach (var (pack, entries) in packs)
            {
                foreach (var entry in entries)
                {
                    var near = index.FindAtHand(entry.Chunk);
                    var location = await index.FindReliableAsync(entry.Chunk, IndexKit.Token);
                    Assert.Equal((pack, entry), (location!.Pack, location.Entry));
                    Assert.True(near is null || near == location);
                    found += turn == 1 && near is not null ? 1 : 0;
                }
            }
        }

        // The first chunk of a page is looked for on the page before it, and by the lookup that waits.
        Assert.InRange(found, 3900, 4000);
        Assert.Null(index.FindAtHand(new ChunkId(Id256.Random())));
        Assert.Null(await index.FindReliableAsync(new ChunkId(Id256.Random()), IndexKit.Token));
    }

    [Fact]
    public async Task What_no_writer_may_lean_on_is_not_at_hand_next_to_what_it_may()
    {
        var good = _kit.Imagine(50);
        var condemned = _kit.Imagine(50);
        await _kit.StoreAsync(_kit.Sealing(), good, condemned);
        using var index = await _kit.LoadAsync(_kit.Trust() with { Condemned = new HashSet<PackId> { condemned.Pack.Id } });
        for (var i = 0; i < 50; i++)
        {
            Assert.NotNull(await index.FindReliableAsync(good.Entries[i].Chunk, IndexKit.Token));
            Assert.Equal(good.Pack, index.FindAtHand(good.Entries[i].Chunk)!.Pack);
            Assert.Null(index.FindAtHand(condemned.Entries[i].Chunk));
            Assert.Null(await index.FindReliableAsync(condemned.Entries[i].Chunk, IndexKit.Token));
        }
    }

    [Fact]
    public async Task A_number_that_cannot_be_is_at_nobodys_hand()
    {
        var good = _kit.Imagine(1);
        var (pack, entries) = _kit.Imagine(1);
        await _kit.StoreAsync(_kit.Sealing(), good, (pack, [entries[0] with { OffsetBytes = int.MaxValue - 8 }]));
        using var index = await _kit.LoadAsync();
        Assert.NotNull(await index.FindReliableAsync(good.Entries[0].Chunk, IndexKit.Token));
        Assert.Null(index.FindAtHand(entries[0].Chunk));
        Assert.Null(await index.FindReliableAsync(entries[0].Chunk, IndexKit.Token));
        Assert.Single(index.Problems);
    }
}
