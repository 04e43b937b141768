using System.IO.Hashing;
using System.Security.Cryptography;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;
using SecureBackup.Tests.Unit.Packing;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class WaitingChunksTests
{
    private const int Seed = 20261127;

    [Theory]
    [InlineData(1000, new[] { 300, 900, 500, 200 })]
    [InlineData(1000, new[] { 600, 700, 350, 340 })]
    [InlineData(5000, new[] { 600, 700, 350, 340 })]
    [InlineData(100, new[] { 600, 700 })]
    public void Those_that_fill_the_room_best_are_chosen(int roomBytes, int[] lengths)
    {
        using var waiting = new WaitingChunks(1 << 20);
        Array.ForEach(lengths, length => waiting.Add(Chunk(new byte[length])));

        var best = Enumerable.Range(0, 1 << lengths.Length).Select(set => lengths.Where((_, i) => (set >> i & 1) == 1).Sum()).Where(sum => sum <= roomBytes).Max();
        Assert.Equal(best, waiting.Choose(_ => roomBytes).Sum(chunk => chunk.LengthBytes));
    }

    [Fact]
    public void A_chunk_that_waits_does_not_need_its_giver_any_more()
    {
        var plain = RandomNumberGenerator.GetBytes(1000);
        using var waiting = new WaitingChunks(1 << 20);
        var given = plain.ToArray();
        waiting.Add(Chunk(given));
        given.AsSpan().Clear();
        Assert.Equal(plain, Assert.Single(waiting.Choose(_ => 1000)).Chunk.Payload.ToArray());
    }

    [Fact]
    public void What_waits_lies_where_what_has_gone_lay_and_is_wiped_at_the_end()
    {
        var waiting = new WaitingChunks(10_000);
        var first = Fill(waiting);
        Assert.All(waiting.Choose(_ => int.MaxValue), waiting.Remove);
        Assert.Equal(0, waiting.Count);

        var second = Fill(waiting);

        Assert.Equal(first.Count, second.Count);
        Assert.All(first.Zip(second), pair => Assert.True(pair.First.Span.Overlaps(pair.Second.Span, out var distance) && distance == 0));
        waiting.Dispose();
        Assert.All(second, payload => Assert.Equal(-1, payload.Span.IndexOfAnyExcept((byte)0)));
        waiting.Add(Chunk([1, 2, 3]));
        Assert.Equal([1, 2, 3], Assert.Single(waiting.Choose(_ => 3)).Chunk.Payload.ToArray());
        waiting.Dispose();
    }

    [Fact]
    public void What_stays_moves_together_to_make_room_and_keeps_its_bytes()
    {
        using var waiting = new WaitingChunks(10_000);
        var plains = Enumerable.Range(0, 5).Select(static _ => RandomNumberGenerator.GetBytes(3000)).ToList();
        plains.ForEach(plain => waiting.Add(Chunk(plain)));
        var places = Payloads(waiting);
        waiting.Remove(waiting.Choose(static _ => int.MaxValue)[0]);
        waiting.Remove(waiting.Choose(static _ => int.MaxValue)[1]);

        plains.Add(RandomNumberGenerator.GetBytes(3000));
        waiting.Add(Chunk(plains[5]));

        var moved = Payloads(waiting);
        Assert.Equal([plains[1], plains[3], plains[4], plains[5]], moved.Select(static payload => payload.ToArray()));
        Assert.All(places.Zip(moved), pair => Assert.True(pair.First.Span.Overlaps(pair.Second.Span, out var distance) && distance == 0));
    }

    [Fact]
    public void What_does_not_fit_beside_the_others_has_a_place_of_its_own()
    {
        using var waiting = new WaitingChunks(10_000);
        byte[][] plains = [RandomNumberGenerator.GetBytes(9000), RandomNumberGenerator.GetBytes(14_000), RandomNumberGenerator.GetBytes(100)];
        Array.ForEach(plains, plain => waiting.Add(Chunk(plain)));
        waiting.Remove(waiting.Choose(static _ => int.MaxValue)[0]);
        waiting.Add(Chunk(plains[0]));
        waiting.Add(Chunk(plains[0]));

        Assert.Equal([plains[1], plains[2], plains[0], plains[0]], Payloads(waiting).Select(static payload => payload.ToArray()));
    }

    private static List<ReadOnlyMemory<byte>> Payloads(WaitingChunks waiting) => [.. waiting.Choose(static _ => int.MaxValue).Select(static chunk => chunk.Chunk.Payload)];

    private static List<ReadOnlyMemory<byte>> Fill(WaitingChunks waiting)
    {
        while (!waiting.IsFull)
        {
            waiting.Add(Chunk(RandomNumberGenerator.GetBytes(3000)));
        }

        return Payloads(waiting);
    }

    [Fact]
    public void Few_wait_and_not_many_bytes()
    {
        using var waiting = new WaitingChunks(1000);
        waiting.Add(Chunk(new byte[1000]));
        Assert.False(waiting.IsFull);
        waiting.Add(Chunk(new byte[1]));
        Assert.True(waiting.IsFull);

        using var many = new WaitingChunks(1000);
        while (!many.IsFull)
        {
            many.Add(Chunk(new byte[1]));
        }

        Assert.InRange(many.Count, 2, 16);
    }

    /// <summary>Chunks of every length, in any order, up to the longest that a pack takes: each lies once in one pack, and full packs have all one size.</summary>
    [Theory]
    [InlineData(ChunkClass.Data, 20, 20_000)]
    [InlineData(ChunkClass.Data, 1, 600)]
    [InlineData(ChunkClass.Page, 1, 65_000)]
    public async Task Every_chunk_finds_one_place(ChunkClass chunkClass, int minBytes, int maxBytes)
    {
        const int PackBytes = 64 * 1024;
        using var kit = new PackKit();
        var random = new Random(Seed);
        maxBytes = Math.Min(maxBytes, PackSize.MaxPayloadBytes(PackBytes));
        var chunks = Enumerable.Range(0, 500).Select(place => random.Next(place % 100 == 99 ? maxBytes : minBytes, maxBytes + 1)).Select(RandomNumberGenerator.GetBytes).ToList();
        var packs = await PackAsync(kit, chunks, chunkClass);
        try
        {
            var found = packs.SelectMany(pack => pack.Entries.Select(entry => Convert.ToHexString(kit.Open(pack, entry)))).Order();
            Assert.Equal(chunks.Select(Convert.ToHexString).Order(), found);
            Assert.All(packs.SkipLast(1), pack => Assert.Equal(PackBytes, pack.Record.LengthBytes));
            Assert.InRange(packs[^1].Record.LengthBytes, 1, PackBytes);
        }
        finally
        {
            packs.ForEach(pack => pack.Dispose());
        }
    }

    [Fact]
    public async Task Packs_are_nearly_full()
    {
        using var kit = new PackKit();
        var random = new Random(Seed);
        var chunks = Enumerable.Range(0, 500).Select(_ => RandomNumberGenerator.GetBytes(random.Next(1500, 3000))).ToList();
        var packs = await PackAsync(kit, chunks, ChunkClass.Data);
        Assert.InRange(packs.SkipLast(1).Average(pack => pack.Entries.Sum(entry => entry.FrameBytes + 48) + 1232 + 300), 65_000, 65_536);
        packs.ForEach(pack => pack.Dispose());
    }

    private static async Task<List<FinishedPack>> PackAsync(PackKit kit, List<byte[]> chunks, ChunkClass chunkClass)
    {
        var channels = new BackupChannels();
        using var assembler = new PackAssembler(channels, kit.Sealing(), new BufferShelf(isSealed: true));
        var packs = Task.Run(async () => await channels.Packs.Reader.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
        foreach (var plain in chunks)
        {
            await assembler.AddAsync(Chunk(plain, kit.ChunkIds.IdOf(DomainId.Vault, plain), chunkClass), TestContext.Current.CancellationToken);
        }

        await assembler.FinishAsync(TestContext.Current.CancellationToken);
        return await packs;
    }

    private static PackableChunk Chunk(byte[] plain, ChunkId id = default, ChunkClass chunkClass = ChunkClass.Data) =>
        new(id, chunkClass, plain.Length, CompressionId.Stored, ChunkSealing.Direct, plain, XxHash3.HashToUInt64(plain));
}
