using System.Collections.Concurrent;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

/// <summary>Chunks are parts of the windows that contents are read into: nothing may be read over them as long as anybody holds them.</summary>
public sealed class ContentWindowTests
{
    private static readonly IChunker Chunker = ChunkerCatalog.Create(ChunkerCatalog.Small, new byte[32]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_window_is_free_when_the_last_of_its_parts_is_given_back()
    {
        using var windows = new ContentWindows(1000, 2);
        var first = windows.Rent();
        _ = windows.Rent();
        var (begin, end) = (first.Part(0, 400), first.Part(400, 600));
        first.Memory.Span.Fill(7);
        first.Release();
        end.Dispose();
        end.Dispose();
        Assert.Throws<ObjectDisposedException>(() => end.Memory);

        var waiting = windows.RentAsync(Token).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.Equal(-1, begin.Span.IndexOfAnyExcept((byte)7));
        begin.Dispose();
        Assert.True((await waiting).Memory.Span.Overlaps(first.Memory.Span));

        using var stop = new CancellationTokenSource();
        var inVain = windows.RentAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => inVain);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_read_is_wiped_when_the_windows_and_their_parts_are_gone(bool isHeld)
    {
        var pool = new PageBlockPool(16 * 1024 * 1024);
        var windows = new ContentWindows(100_000, 1, pool);
        var window = windows.Rent();
        window.Memory.Span.Fill(7);
        var part = window.Part(10, 20);
        window.Release();
        if (isHeld)
        {
            windows.Dispose();
            Assert.Equal(0, pool.IdleBytes);
            Assert.Equal(-1, part.Span.IndexOfAnyExcept((byte)7));
            part.Dispose();
        }
        else
        {
            part.Dispose();
            windows.Dispose();
        }

        Assert.NotEqual(0, pool.IdleBytes);
        Assert.Equal(-1, pool.Rent((int)pool.IdleBytes).GetSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public async Task A_writer_may_be_disposed_twice_while_chunks_of_it_are_held()
    {
        using var inner = new MemoryChunkStore();
        var store = new KeepingStore(inner);
        var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        await writer.WriteAsync(Bytes(500, 1), Token);
        await writer.FinishAsync(Token);
        writer.Dispose();
        writer.Dispose();

        using var chunk = Assert.Single(store.Kept);
        Assert.Equal(Bytes(500, 1), chunk.Span.ToArray());
    }

    [Fact]
    public async Task A_content_begins_with_more_room_than_a_short_file_takes()
    {
        using var inner = new MemoryChunkStore();
        using var writer = new ContentWriter(Chunker, inner, ChunkClass.Data, null);
        for (var content = 0; content < 200; content++)
        {
            Assert.InRange(writer.Free.Length, Chunker.MaxBytes / 64, Chunker.MaxBytes);
            await writer.WriteAsync(Bytes(900, content), Token);
            await writer.FinishAsync(Token);
        }
    }

    [Fact]
    public async Task Chunks_that_are_held_for_a_while_keep_their_bytes()
    {
        using var inner = new MemoryChunkStore();
        var store = new HoldingStore(inner);
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        for (var content = 0; content < 40; content++)
        {
            var bytes = Bytes(content * 1000, content);
            await writer.WriteAsync(bytes, Token);
            Assert.Equal(bytes, await ContentReader.ReadAllAsync(await writer.FinishAsync(Token), inner, bytes.Length, Token));
        }

        await Task.WhenAll(store.Held);
        Assert.All(store.Held, static held => Assert.True(held.Result));
    }

    [Fact]
    public async Task What_is_dropped_takes_no_chunk_with_it_that_was_cut_before()
    {
        using var inner = new MemoryChunkStore();
        var store = new KeepingStore(inner);
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        await writer.WriteAsync(Bytes(500, 1), Token);
        await writer.FinishAsync(Token);
        await writer.WriteAsync(Bytes(500, 2), Token);
        await writer.ResetAsync();
        await writer.WriteAsync(Bytes(500, 3), Token);
        await writer.FinishAsync(Token);

        Assert.Equal([Bytes(500, 1), Bytes(500, 3)], store.Kept.Select(static chunk => chunk.Span.ToArray()));
        store.Kept.ForEach(static chunk => chunk.Dispose());
    }

    /// <summary>A chunker that takes all that is left as one chunk, as that of records does, must not be asked before it sees as much as it may.</summary>
    [Theory]
    [InlineData(9_000)]
    [InlineData(16_384)]
    [InlineData(50_000)]
    public async Task Where_a_content_is_cut_does_not_depend_on_what_came_before_it(int lengthBytes)
    {
        using var inner = new MemoryChunkStore();
        var bytes = Bytes(lengthBytes, 5);
        using var alone = new ContentWriter(new WholeRest(), inner, ChunkClass.Data, null);
        await alone.WriteAsync(bytes, Token);
        var expected = await alone.FinishAsync(Token);

        using var writer = new ContentWriter(new WholeRest(), inner, ChunkClass.Data, null);
        foreach (var before in new[] { 10_000, 1, 16_383, 16_384, 6_000 })
        {
            await writer.WriteAsync(Bytes(before, before), Token);
            await writer.FinishAsync(Token);
            await writer.WriteAsync(bytes, Token);
            Assert.Equal(expected.Ids, (await writer.FinishAsync(Token)).Ids);
        }
    }

    private static byte[] Bytes(int lengthBytes, int seed)
    {
        var bytes = new byte[lengthBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private sealed class WholeRest : IChunker
    {
        public string Name => Chunker.Name;

        public int MinBytes => Chunker.MinBytes;

        public int MaxBytes => Chunker.MaxBytes;

        public int NextBoundary(ReadOnlySpan<byte> window, bool isLast) => isLast ? window.Length : Chunker.NextBoundary(window, isLast);
    }

    /// <summary>Names a chunk at once, and looks at it once more later.</summary>
    private sealed class HoldingStore(MemoryChunkStore inner) : IChunkStore
    {
        internal ConcurrentBag<Task<bool>> Held { get; } = [];

        public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
        {
            var copy = plain.Span.ToArray();
            Held.Add(HoldAsync(plain, copy));
            return inner.StoreAsync(OwnedBuffer.CopyOf(copy), chunkClass, cancellationToken);
        }

        private static async Task<bool> HoldAsync(OwnedBuffer plain, byte[] copy)
        {
            for (var yields = 0; yields < 20; yields++)
            {
                await Task.Yield();
            }

            using (plain)
            {
                return plain.Span.SequenceEqual(copy);
            }
        }
    }

    /// <summary>Never gives a chunk back by itself.</summary>
    private sealed class KeepingStore(MemoryChunkStore inner) : IChunkStore
    {
        internal List<OwnedBuffer> Kept { get; } = [];

        public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
        {
            Kept.Add(plain);
            return inner.StoreAsync(OwnedBuffer.CopyOf(plain.Span), chunkClass, cancellationToken);
        }
    }
}
