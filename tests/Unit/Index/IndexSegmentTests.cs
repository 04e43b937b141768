using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Index;

public sealed class IndexSegmentTests : IDisposable
{
    private readonly IndexKit _kit = new();

    public void Dispose() => _kit.Dispose();

    [Fact]
    public async Task What_goes_in_comes_out_and_nothing_else()
    {
        var packs = Enumerable.Range(0, 400).Select(_ => _kit.Imagine(3)).ToArray();
        using var segment = await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), packs));

        Assert.Equal((1200, 400), (segment.ChunkCount, segment.PackCount));
        Assert.Equal((_kit.Writer.Id, 3u, new Timestamp(1_700_000_000, 5)), (segment.Signer.Id, segment.RegisterNumber, segment.ClaimedTime));
        foreach (var (pack, entries) in packs)
        {
            Assert.Equal(pack, await segment.FindPackAsync(pack.Id, IndexKit.Token));
            foreach (var entry in entries)
            {
                var location = Assert.Single(await FindAsync(segment, entry.Chunk));
                Assert.Equal((pack, entry), (location.Pack, location.Entry));
            }

            Assert.Empty(await FindAsync(segment, new ChunkId(Id256.Random())));
            Assert.Null(await segment.FindPackAsync(new PackId(Id256.Random()), IndexKit.Token));
        }

        var ids = await segment.EnumeratePacksAsync(IndexKit.Token).Select(pack => pack.Id).ToArrayAsync(IndexKit.Token);
        Assert.Equal(packs.Select(pack => pack.Pack.Id).Order(), ids);
    }

    [Fact]
    public async Task A_chunk_in_more_packs_than_a_page_holds_is_found_in_all()
    {
        var chunk = new ChunkId(Id256.Random());
        var packs = Enumerable.Range(0, 700).Select(_ => _kit.Imagine(1, ids: [chunk])).Append(_kit.Imagine(300)).ToArray();
        using var segment = await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), packs));
        var found = await FindAsync(segment, chunk);
        Assert.Equal(700, found.Select(location => location.Pack.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_damaged_page_costs_its_own_chunks_alone_however_many_are_asked_for()
    {
        _kit.Cache = new PageCache(1);
        var (pack, entries) = _kit.Imagine(2_000);
        var id = await _kit.StoreAsync(_kit.Sealing(), (pack, entries));
        var name = IndexSegmentBuilder.NameOf(id);
        var bytes = _kit.Target.Objects[name].ToArray();
        bytes[IndexLayout.PrologueBytes + (2 * IndexLayout.StoredPageBytes) + 5] ^= 1;
        _kit.Target.Replace(name, bytes);
        using var segment = await _kit.OpenAsync(id);
        foreach (var entry in entries.OrderBy(entry => entry.Chunk).Take(2 * IndexLayout.ChunksPerPage))
        {
            Assert.Single(await FindAsync(segment, entry.Chunk));
        }
    }

    [Fact]
    public async Task Opening_reads_both_ends_and_a_lookup_one_page()
    {
        var counting = new CountingTarget(_kit.Target);
        var id = await _kit.StoreAsync(_kit.Sealing(), _kit.Imagine(20_000), _kit.Imagine(10));
        var stat = await counting.StatAsync(IndexSegmentBuilder.NameOf(id), IndexKit.Token);
        using var segment = await IndexSegment.OpenAsync(counting, stat!, _kit.Access, _kit.Cache, IndexKit.Token);
        Assert.True(counting.BytesRead < 40_000, $"{counting.BytesRead} bytes");

        var before = counting.BytesRead;
        await FindAsync(segment, new ChunkId(Id256.Random()));
        Assert.Equal(IndexLayout.StoredPageBytes, counting.BytesRead - before);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(1_261)]
    [InlineData(1_600)]
    [InlineData(20_000)]
    public async Task What_lies_whole_in_the_end_is_not_read_again(int chunks)
    {
        var counting = new CountingTarget(_kit.Target);
        var (pack, entries) = _kit.Imagine(chunks);
        var id = await _kit.StoreAsync(_kit.Sealing(), (pack, entries));
        var stat = await counting.StatAsync(IndexSegmentBuilder.NameOf(id), IndexKit.Token);
        using var segment = await IndexSegment.OpenAsync(counting, stat!, _kit.Access, _kit.Cache, IndexKit.Token);
        var opened = counting.BytesRead;
        var isOneRead = opened == stat!.LengthBytes;
        var tailAt = isOneRead ? 0 : stat.LengthBytes - (opened - IndexLayout.PrologueBytes);

        var pages = IndexLayout.ChunkPagesOf(chunks) + 1;
        Assert.Equal(pack, await segment.FindPackAsync(pack.Id, IndexKit.Token));
        Assert.Equal(PlaceOf(pages - 1) >= tailAt ? 0 : IndexLayout.StoredPageBytes, counting.BytesRead - opened);

        foreach (var entry in entries.OrderBy(static entry => entry.Chunk))
        {
            Assert.Equal(entry, Assert.Single(await FindAsync(segment, entry.Chunk)).Entry);
        }

        // Each page that begins before what came along is read once, by itself or all of them together; none that came along whole.
        var before = Enumerable.Range(0, pages).Count(page => PlaceOf(page) < tailAt);
        Assert.InRange(counting.BytesRead - opened, before * (long)IndexLayout.StoredPageBytes, 2 * before * (long)IndexLayout.StoredPageBytes);

        static long PlaceOf(int page) => IndexLayout.PrologueBytes + (page * (long)IndexLayout.StoredPageBytes);
    }

    [Fact]
    public async Task A_builder_takes_no_more_than_its_capacity()
    {
        var builder = new IndexSegmentBuilder(100);
        var (pack, entries) = _kit.Imagine(60);
        Assert.True(builder.TryAdd(pack, entries));
        (pack, entries) = _kit.Imagine(60);
        Assert.False(builder.TryAdd(pack, entries));
        using var segment = await _kit.OpenAsync(await _kit.StoreAsync(builder));
        Assert.Equal((60, 1), (segment.ChunkCount, segment.PackCount));
    }

    [Fact]
    public async Task A_cleared_builder_knows_nothing_of_the_segment_before()
    {
        var builder = new IndexSegmentBuilder();
        var (former, _) = _kit.Imagine(60);
        Assert.True(builder.TryAdd(former, _kit.Imagine(60).Entries));
        var before = await _kit.StoreAsync(builder);
        builder.Clear();
        Assert.Equal((0, 0), (builder.ChunkCount, builder.Packs.Count));

        var (pack, entries) = _kit.Imagine(5);
        Assert.True(builder.TryAdd(pack, entries));
        using var segment = await _kit.OpenAsync(await _kit.StoreAsync(builder));
        Assert.Equal((5, 1), (segment.ChunkCount, segment.PackCount));
        foreach (var entry in entries)
        {
            var location = Assert.Single(await FindAsync(segment, entry.Chunk));
            Assert.Equal((pack, entry), (location.Pack, location.Entry));
        }

        using var first = await _kit.OpenAsync(before);
        Assert.Equal((60, 1), (first.ChunkCount, first.PackCount));
    }

    [Fact]
    public async Task An_empty_segment_opens()
    {
        using var segment = await _kit.OpenAsync(await _kit.StoreAsync(new IndexSegmentBuilder()));
        Assert.Empty(await FindAsync(segment, new ChunkId(Id256.Random())));
    }

    [Fact]
    public async Task Every_flipped_byte_is_refused_or_touches_nothing_that_was_asked()
    {
        var (pack, entries) = _kit.Imagine(4);
        var id = await _kit.StoreAsync(_kit.Sealing(), (pack, entries));
        var name = IndexSegmentBuilder.NameOf(id);
        var bytes = _kit.Target.Objects[name].ToArray();
        var isPage = new Func<int, bool>(at => at >= IndexLayout.PrologueBytes && at < IndexLayout.PrologueBytes + (2 * IndexLayout.StoredPageBytes));
        for (var at = 0; at < bytes.Length; at += isPage(at) && at > 200 ? 97 : 1)
        {
            bytes[at] ^= (byte)(1 << (at % 8));
            _kit.Target.Replace(name, bytes);
            _kit.Cache = new PageCache();
            if (isPage(at))
            {
                using var segment = await _kit.OpenAsync(id);
                var fault = await Assert.ThrowsAsync<IntegrityException>(() => FindAsync(segment, entries[0].Chunk));
                Assert.Equal(FaultCodes.SegmentMalformed, fault.Code);
            }
            else
            {
                var fault = await Assert.ThrowsAnyAsync<BackupException>(() => _kit.OpenAsync(id));
                Assert.True(fault is IntegrityException || fault.Code == FaultCodes.UnsupportedFormat || fault.Code == FaultCodes.IndexKeyMissing, fault.ToString());
            }

            bytes[at] ^= (byte)(1 << (at % 8));
        }
    }

    [Fact]
    public async Task Every_truncation_is_refused()
    {
        var id = await _kit.StoreAsync(_kit.Sealing(), _kit.Imagine(4));
        var name = IndexSegmentBuilder.NameOf(id);
        var bytes = _kit.Target.Objects[name].ToArray();
        for (var length = 0; length < bytes.Length; length += 61)
        {
            _kit.Target.Replace(name, bytes.AsSpan(0, length));
            await Assert.ThrowsAsync<IntegrityException>(() => _kit.OpenAsync(id));
        }
    }

    [Fact]
    public async Task A_segment_under_another_name_or_of_an_unknown_epoch_is_named()
    {
        var id = await _kit.StoreAsync(_kit.Sealing(), _kit.Imagine(1));
        var other = ObjectId.Random();
        _kit.Target.Replace(IndexSegmentBuilder.NameOf(other), _kit.Target.Objects[IndexSegmentBuilder.NameOf(id)].Span);
        Assert.Equal(FaultCodes.ObjectMisplaced, (await Assert.ThrowsAsync<IntegrityException>(() => _kit.OpenAsync(other))).Code);

        var later = await _kit.StoreAsync(_kit.Sealing() with { Epoch = 2 }, _kit.Imagine(1));
        Assert.Equal(FaultCodes.IndexKeyMissing, (await Assert.ThrowsAsync<KeyException>(() => _kit.OpenAsync(later))).Code);
    }

    [Fact]
    public async Task Signed_records_that_no_pack_can_hold_are_refused()
    {
        var (pack, entries) = _kit.Imagine(1);
        entries[0] = entries[0] with { OffsetBytes = int.MaxValue - 50 };
        using var segment = await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), (pack, entries)));
        Assert.Equal(FaultCodes.PackMalformed, (await Assert.ThrowsAsync<IntegrityException>(() => FindAsync(segment, entries[0].Chunk))).Code);

        (pack, entries) = _kit.Imagine(1);
        using var huge = await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), (pack with { LengthBytes = -1 }, entries)));
        Assert.Equal(FaultCodes.SegmentMalformed, (await Assert.ThrowsAsync<IntegrityException>(() => FindAsync(huge, entries[0].Chunk))).Code);
    }

    private static async Task<List<ChunkLocation>> FindAsync(IndexSegment segment, ChunkId chunk)
    {
        var found = new List<ChunkLocation>();
        await segment.FindAsync(chunk, found, IndexKit.Token);
        return found;
    }

    private sealed class CountingTarget(Target inner) : DelegatingTarget(inner)
    {
        public long BytesRead { get; private set; }

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            BytesRead += destination.Length;
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }
}
