using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Primitives;

public sealed class OwnedBufferTests
{
    private const int Mebibyte = 1024 * 1024;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(3_000_001)]
    [InlineData(20 * Mebibyte)]
    public void A_buffer_has_the_length_asked_for_and_holds_what_is_put_in(int length)
    {
        using var buffer = OwnedBuffer.Rent(length);
        buffer.Span.Fill(7);
        Assert.Equal(length, buffer.LengthBytes);
        Assert.Equal(length, buffer.Memory.Length);
        Assert.Equal(-1, buffer.Memory.Span.IndexOfAnyExcept((byte)7));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(200_000)]
    public void A_disposed_buffer_refuses_to_be_used_and_may_be_disposed_again(int length)
    {
        var buffer = OwnedBuffer.Rent(length);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(200_000)]
    public void What_is_cut_off_is_wiped(int length)
    {
        using var buffer = OwnedBuffer.Rent(length);
        buffer.Span.Fill(7);
        var whole = buffer.Memory;
        buffer.Truncate(10);
        Assert.Equal(10, buffer.LengthBytes);
        Assert.Equal(-1, whole.Span[10..].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, whole.Span[..10].IndexOfAnyExcept((byte)7));
    }

    [Fact]
    public void A_block_given_back_is_used_again_for_what_nearly_fills_it()
    {
        var pool = new PageBlockPool(16 * Mebibyte);
        var block = pool.Rent(Mebibyte);
        Assert.InRange(block.LengthBytes, Mebibyte, Mebibyte + (Mebibyte / 8));
        pool.Return(block);
        Assert.NotSame(block, pool.Rent(Mebibyte / 2));
        Assert.NotSame(block, pool.Rent(2 * Mebibyte));
        Assert.Same(block, pool.Rent(900_000));
        Assert.Equal(0, pool.IdleBytes);
    }

    [Fact]
    public void What_a_shelf_lent_goes_to_the_next_and_is_wiped_when_it_ends()
    {
        var pool = new PageBlockPool(16 * Mebibyte);
        var shelf = new BufferShelf(pool);
        var first = shelf.Rent(Mebibyte);
        var memory = first.Memory;
        memory.Span.Fill(7);
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Memory);
        var late = shelf.Rent(1000);
        Assert.True(late.Memory.Span.Overlaps(memory.Span));
        Assert.Equal(1000, late.LengthBytes);

        shelf.Dispose();
        late.Dispose();

        Assert.InRange(pool.IdleBytes, Mebibyte, 2 * Mebibyte);
        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void A_shelf_of_sealed_bytes_wipes_nothing()
    {
        var pool = new PageBlockPool(16 * Mebibyte);
        var shelf = new BufferShelf(pool, isSealed: true);
        var buffer = shelf.Rent(Mebibyte);
        var memory = buffer.Memory;
        memory.Span.Fill(7);

        buffer.Dispose();
        shelf.Dispose();

        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)7));
    }

    [Fact]
    public void A_shelf_lends_no_buffer_twice_at_a_time_to_whoever_asks()
    {
        using var shelf = new BufferShelf(new PageBlockPool(Mebibyte));
        var spoiled = 0;

        Parallel.For(0, 2000, number =>
        {
            using var buffer = shelf.Rent(4096);
            buffer.Span.Fill((byte)number);
            if (buffer.Span.IndexOfAnyExcept((byte)number) >= 0)
            {
                Interlocked.Increment(ref spoiled);
            }
        });

        Assert.Equal(0, spoiled);
    }

    [Fact]
    public void A_shelf_lends_as_many_at_once_as_are_asked_for_and_grows()
    {
        using var shelf = new BufferShelf();
        foreach (var length in (int[])[10, Mebibyte, 2 * Mebibyte])
        {
            using var one = shelf.Rent(length);
            using var other = shelf.Rent(length);
            Assert.False(one.Span.Overlaps(other.Span));
            Assert.Equal((length, length), (one.LengthBytes, other.LengthBytes));
        }
    }

    [Fact]
    public void Blocks_that_wait_are_bounded_and_the_longest_unused_is_freed()
    {
        var pool = new PageBlockPool(4 * Mebibyte);
        var blocks = Enumerable.Range(0, 6).Select(_ => pool.Rent(Mebibyte)).ToList();
        blocks.ForEach(pool.Return);
        Assert.Equal(4 * Mebibyte, pool.IdleBytes);
        Assert.Throws<ObjectDisposedException>(() => blocks[0].GetSpan().Length);
        Assert.Throws<ObjectDisposedException>(() => blocks[1].GetSpan().Length);
        Assert.Equal(blocks[2].LengthBytes, blocks[2].GetSpan().Length);
    }

    [Fact]
    public void A_block_of_more_than_half_of_what_may_wait_is_freed_at_once()
    {
        var pool = new PageBlockPool(4 * Mebibyte);
        var small = pool.Rent(Mebibyte);
        var large = pool.Rent(3 * Mebibyte);
        pool.Return(small);
        pool.Return(large);
        Assert.Equal(small.LengthBytes, pool.IdleBytes);
        Assert.Throws<ObjectDisposedException>(() => large.GetSpan().Length);
    }

    [Fact]
    public void Fresh_pages_are_zero_and_hold_still_for_pointers()
    {
        using IDisposable block = new PageBlock(Mebibyte);
        var memory = ((PageBlock)block).Memory;
        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)0));
        using var pin = memory[100..].Pin();
        memory.Span[100] = 42;
        unsafe
        {
            Assert.Equal(42, *(byte*)pin.Pointer);
        }
    }
}
