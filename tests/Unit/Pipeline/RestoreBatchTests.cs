using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What an interrupted restore loses, and the room that it takes at a time, is bounded by the batch.</summary>
public sealed class RestoreBatchTests
{
    private const int MiB = 1024 * 1024;

    [Fact]
    public void A_batch_is_full_when_half_a_gigabyte_is_to_be_fetched()
    {
        var batch = new RestoreBatch(long.MaxValue);
        for (var i = 0; i < 128; i++)
        {
            Assert.False(batch.IsFull);
            batch.Add(ChunkOf(i, 4 * MiB));
        }

        Assert.True(batch.IsFull);
    }

    [Fact]
    public void The_first_is_full_early()
    {
        var batch = new RestoreBatch(long.MaxValue, isFirst: true);
        for (var i = 0; i < 16; i++)
        {
            Assert.False(batch.IsFull);
            batch.Add(ChunkOf(i, 4 * MiB));
        }

        Assert.True(batch.IsFull);
    }

    [Theory]
    [InlineData(0L, 1L * MiB)]
    [InlineData(80L * MiB, 10L * MiB)]
    [InlineData(long.MaxValue, 4096L * MiB)]
    public void It_may_take_a_part_of_the_room_that_is_free(long free, long taken) => Assert.Equal(taken, RestoreBatch.WrittenWithin(free));

    private static WantedChunk ChunkOf(int number, int bytes)
    {
        var chunk = new ChunkId(new Id256((ulong)number, 0, 0, 0));
        return new WantedChunk(chunk, [new ChunkLocation(null!, new PackEntry { Chunk = chunk, PlainBytes = bytes }, SaidBy: null)]);
    }
}
