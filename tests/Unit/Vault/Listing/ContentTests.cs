using CsCheck;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

public sealed class ContentTests
{
    private static readonly IChunker Chunker = ChunkerCatalog.Create(ChunkerCatalog.Small, new byte[32]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(100_000, 0)]
    [InlineData(3_000_000, 1)]
    public async Task A_content_comes_back_whole_from_a_tree_of_the_expected_depth(int length, int depth)
    {
        var store = new MemoryChunkStore();
        var bytes = Bytes(length, seed: 1);
        var ids = new List<ChunkId>();
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, ids.Add);
        await writer.WriteAsync(bytes, Token);
        Assert.Equal(length, writer.LengthBytes);
        var content = await writer.FinishAsync(Token);
        Assert.Equal(depth, content.Depth);
        Assert.Equal(bytes, await ContentReader.ReadAllAsync(content, store, length, Token));
        Assert.Equal(ids.Order().Distinct(), (await ContentReader.AllChunksAsync(content, store, Token).ToListAsync(Token)).Order().Distinct());
    }

    [Fact]
    public async Task A_million_chunks_make_a_deep_tree_with_at_most_64_ids_at_its_top()
    {
        var store = new MemoryChunkStore();
        var builder = new ContentBuilder(store);
        var ids = Enumerable.Range(0, 1_000_000).Select(number => new ChunkId(ContentHash.Of(BitConverter.GetBytes(number)).Value)).ToList();
        foreach (var id in ids)
        {
            await builder.AddAsync(id, Token);
        }

        var content = await builder.FinishAsync(Token);
        Assert.Equal(2, content.Depth);
        Assert.InRange(content.Ids.Count, 1, ContentRef.MaxDirectIds);
        Assert.Equal(ids, await ContentReader.ChunksAsync(content, store, Token).ToListAsync(Token));
    }

    [Theory]
    [InlineData(int.MaxValue, 4096)]
    [InlineData(32 * 1024, 1024)]
    public async Task A_list_that_no_id_cuts_ends_where_half_a_pack_does(int maxBytes, int expected)
    {
        using var store = new MemoryChunkStore { MaxPageBytes = maxBytes };
        var builder = new ContentBuilder(store);
        var ids = Enumerable.Range(0, 10_000).Select(static number => new ChunkId(new Id256((ulong)number, 0, 0, 1))).ToList();
        foreach (var id in ids)
        {
            await builder.AddAsync(id, Token);
        }

        var content = await builder.FinishAsync(Token);
        Assert.Equal(expected * Id256.SizeBytes, store.Chunks.Values.Max(static list => list.Length));
        Assert.Equal(ids, await ContentReader.ChunksAsync(content, store, Token).ToListAsync(Token));
    }

    [Fact]
    public Task How_the_bytes_are_sliced_makes_no_difference() =>
        Gen.Select(Gen.Int[0, 200_000], Gen.Int[1, 50_000].Array[1, 10]).SampleAsync(async (length, slices) =>
        {
            var bytes = Bytes(length, seed: 2);
            var whole = await StoreAsync(bytes, [length + 1]);
            var sliced = await StoreAsync(bytes, slices);
            Assert.Equal(whole.Ids, sliced.Ids);
        }, iter: 50);

    [Fact]
    public async Task A_builder_that_was_reset_builds_as_a_new_one()
    {
        using var store = new MemoryChunkStore();
        var builder = new ContentBuilder(store);
        var ids = Enumerable.Range(0, 10_000).Select(static number => new ChunkId(ContentHash.Of(BitConverter.GetBytes(number)).Value)).ToList();
        foreach (var id in ids)
        {
            await builder.AddAsync(id, Token);
        }

        Assert.Equal(1, (await builder.FinishAsync(Token)).Depth);
        builder.Reset();
        await builder.AddAsync(ids[7], Token);
        var content = await builder.FinishAsync(Token);
        Assert.Equal(0, content.Depth);
        Assert.Equal([ids[7]], content.Ids);
    }

    [Fact]
    public async Task A_reset_forgets_what_was_written()
    {
        var store = new MemoryChunkStore();
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        await writer.WriteAsync(Bytes(100_000, seed: 3), Token);
        await writer.ResetAsync();
        await writer.WriteAsync(Bytes(5, seed: 4), Token);
        var content = await writer.FinishAsync(Token);
        Assert.Equal(Bytes(5, seed: 4), await ContentReader.ReadAllAsync(content, store, 100, Token));
    }

    private static async Task<ContentRef> StoreAsync(byte[] bytes, int[] slices)
    {
        using var writer = new ContentWriter(Chunker, new MemoryChunkStore(), ChunkClass.Data, null);
        for (int at = 0, slice = 0; at < bytes.Length; slice++)
        {
            var count = Math.Min(slices[slice % slices.Length], bytes.Length - at);
            await writer.WriteAsync(bytes.AsMemory(at, count), Token);
            at += count;
        }

        return await writer.FinishAsync(Token);
    }

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
