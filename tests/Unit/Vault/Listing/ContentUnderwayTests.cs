using System.Collections.Concurrent;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

/// <summary>Chunks of one content are stored beside each other: what may go wrong with that.</summary>
public sealed class ContentUnderwayTests
{
    private const int LengthBytes = 400_000;

    private static readonly IChunker Chunker = ChunkerCatalog.Create(ChunkerCatalog.Small, new byte[32]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ids_keep_the_order_of_the_content_whichever_is_known_first()
    {
        using var inner = new MemoryChunkStore();
        var (expected, bytes) = (new List<ChunkId>(), Bytes());
        using (var straight = new ContentWriter(Chunker, inner, ChunkClass.Data, expected.Add))
        {
            await straight.WriteAsync(bytes, Token);
            await straight.FinishAsync(Token);
        }

        var ids = new List<ChunkId>();
        var store = new UnsteadyStore(inner);
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, ids.Add);
        await writer.WriteAsync(bytes, Token);
        var content = await writer.FinishAsync(Token);
        Assert.Equal(expected, ids);
        Assert.Equal(bytes, await ContentReader.ReadAllAsync(content, inner, LengthBytes, Token));
        Assert.True(store.Taken.All(IsGivenBack));
    }

    [Fact]
    public async Task A_content_of_one_chunk_is_stored_by_the_thread_that_cuts_it()
    {
        using var inner = new MemoryChunkStore();
        var store = new UnsteadyStore(inner);
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        var thread = Environment.CurrentManagedThreadId;
        await writer.WriteAsync(new byte[100], Token);
        var content = writer.FinishAsync(Token);
        Assert.Equal(thread, Assert.Single(store.Threads));
        Assert.Single((await content).Ids);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public async Task The_first_failure_is_thrown_and_nothing_is_left_on_its_way(int failing)
    {
        using var inner = new MemoryChunkStore();
        var store = new UnsteadyStore(inner) { Failing = failing };
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        var failure = await Assert.ThrowsAsync<IOException>(async () =>
        {
            await writer.WriteAsync(Bytes(), Token);
            await writer.FinishAsync(Token);
        });
        Assert.Equal($"{failing}", failure.Message);
        await writer.SettleAsync();
        Assert.Equal(0, store.Underway);
        Assert.True(store.Taken.All(IsGivenBack));
    }

    [Fact]
    public async Task A_reset_waits_and_does_not_hide_that_a_chunk_could_not_be_stored()
    {
        using var inner = new MemoryChunkStore();
        var sound = new UnsteadyStore(inner);
        using var writer = new ContentWriter(Chunker, sound, ChunkClass.Data, null);
        await writer.WriteAsync(Bytes(), Token);
        await writer.ResetAsync();
        Assert.Equal(0, sound.Underway);
        await writer.WriteAsync("next"u8.ToArray(), Token);
        Assert.Single((await writer.FinishAsync(Token)).Ids);

        // The first window is cut as soon as it is full, and none of its ids is asked for before as many are on their way as there are cores.
        var broken = new UnsteadyStore(inner) { Failing = 0 };
        using var other = new ContentWriter(Chunker, broken, ChunkClass.Data, null);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            await other.WriteAsync(Bytes().AsMemory(0, Chunker.MaxBytes), Token);
            await other.ResetAsync();
        });
        await other.SettleAsync();
        Assert.True(broken.Taken.All(IsGivenBack));
    }

    [Fact]
    public async Task Equal_chunks_may_be_stored_at_the_same_time()
    {
        using var inner = new MemoryChunkStore();
        var store = new UnsteadyStore(inner);
        using var writer = new ContentWriter(Chunker, store, ChunkClass.Data, null);
        var bytes = new byte[LengthBytes];
        await writer.WriteAsync(bytes, Token);
        var content = await writer.FinishAsync(Token);
        Assert.Equal(bytes, await ContentReader.ReadAllAsync(content, inner, LengthBytes, Token));
        Assert.InRange(inner.StoredNew, 1, 2);
    }

    private static bool IsGivenBack(OwnedBuffer buffer)
    {
        try
        {
            return buffer.Memory.IsEmpty;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private static byte[] Bytes()
    {
        var bytes = new byte[LengthBytes];
        new Random(7).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Answers every other chunk late, and fails at one.</summary>
    private sealed class UnsteadyStore(MemoryChunkStore inner) : IChunkStore
    {
        private int _asked = -1;
        private int _underway;

        public int? Failing { get; init; }

        public ConcurrentBag<OwnedBuffer> Taken { get; } = [];

        public ConcurrentBag<int> Threads { get; } = [];

        public int Underway => Volatile.Read(ref _underway);

        public async ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
        {
            Taken.Add(plain);
            Threads.Add(Environment.CurrentManagedThreadId);
            Interlocked.Increment(ref _underway);
            try
            {
                var turn = Interlocked.Increment(ref _asked);
                for (var yields = 0; turn % 2 == 1 && yields < 20; yields++)
                {
                    await Task.Yield();
                }

                return turn == Failing ? throw new IOException($"{turn}") : await inner.StoreAsync(plain, chunkClass, cancellationToken);
            }
            finally
            {
                plain.Dispose();
                Interlocked.Decrement(ref _underway);
            }
        }
    }
}
