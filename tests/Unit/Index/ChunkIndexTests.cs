using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Index;

public sealed class ChunkIndexTests : IDisposable
{
    private readonly IndexKit _kit = new();

    public void Dispose() => _kit.Dispose();

    [Fact]
    public async Task Two_hundred_thousand_chunks_answer_as_a_dictionary_does_within_the_cache()
    {
        // 200,000 records are 10 MB in pages; the cache may hold 1 MB of them.
        const long CacheBytes = 1024 * 1024;
        _kit.Cache = new PageCache(CacheBytes);
        var model = new Dictionary<ChunkId, List<(PackId, PackEntry)>>();
        var seed = new Random(20_240_607);
        var ids = Enumerable.Range(0, 190_000).Select(_ => new ChunkId(new Id256(Next(), Next(), Next(), Next()))).ToArray();
        var at = 0;
        for (var segment = 0; segment < 8; segment++)
        {
            var builder = new IndexSegmentBuilder();
            for (var pack = 0; pack < 25; pack++)
            {
                // Some chunks lie in several packs, of one segment and of several.
                var chosen = Enumerable.Range(0, 1000).Select(i => i < 950 ? ids[at++] : ids[seed.Next(at)]).Distinct().ToArray();
                var (record, entries) = _kit.Imagine(chosen.Length, ids: chosen);
                Assert.True(builder.TryAdd(record, entries));
                foreach (var entry in entries)
                {
                    (model.TryGetValue(entry.Chunk, out var places) ? places : model[entry.Chunk] = []).Add((record.Id, entry));
                }
            }

            await _kit.StoreAsync(builder);
        }

        using var index = await _kit.LoadAsync();
        foreach (var id in ids.Take(at).Where(_ => seed.Next(10) == 0))
        {
            var found = await index.FindAsync(id, IndexKit.Token);
            Assert.Equal(model[id].OrderBy(place => place.Item1), found.Select(location => (location.Pack.Id, location.Entry)).OrderBy(place => place.Id));
            Assert.True(_kit.Cache.LengthBytes <= CacheBytes);
        }

        for (var i = 0; i < 20_000; i++)
        {
            Assert.Equal(ChunkState.New, (await index.TryClaimAsync(new ChunkId(new Id256(Next(), Next(), Next(), Next())), IndexKit.Token)).State);
        }

        Assert.True(_kit.Cache.LengthBytes <= CacheBytes);
        Assert.Empty(index.Problems);
        Assert.Equal(200, await index.EnumeratePacksAsync(IndexKit.Token).CountAsync(IndexKit.Token));

        ulong Next() => (ulong)seed.NextInt64(long.MinValue, long.MaxValue);
    }

    [Fact]
    public async Task Of_many_that_claim_one_chunk_exactly_one_gets_it()
    {
        var (known, knownEntries) = _kit.Imagine(50);
        await _kit.StoreAsync(_kit.Sealing(), (known, knownEntries));
        using var index = await _kit.LoadAsync();
        var fresh = Enumerable.Range(0, 500).Select(_ => new ChunkId(Id256.Random())).ToArray();
        var news = new int[fresh.Length];
        var knowns = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 16), IndexKit.Token, async (worker, token) =>
        {
            for (var i = 0; i < fresh.Length; i++)
            {
                var at = (i + (worker * 31)) % fresh.Length;
                if ((await index.TryClaimAsync(fresh[at], token)).State == ChunkState.New)
                {
                    Interlocked.Increment(ref news[at]);
                }

                if ((await index.TryClaimAsync(knownEntries[i % 50].Chunk, token)).State == ChunkState.Known)
                {
                    Interlocked.Increment(ref knowns);
                }
            }
        });
        Assert.All(news, count => Assert.Equal(1, count));
        Assert.Equal(16 * 500, knowns);
    }

    [Fact]
    public async Task Claims_that_race_with_commits_never_store_a_chunk_twice()
    {
        using var index = await _kit.LoadAsync();
        var ids = Enumerable.Range(0, 200).Select(_ => new ChunkId(Id256.Random())).ToArray();
        var news = new int[ids.Length];
        using var gate = new SemaphoreSlim(1);
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), IndexKit.Token, async (worker, token) =>
        {
            for (var i = 0; i < ids.Length; i++)
            {
                if ((await index.TryClaimAsync(ids[i], token)).State != ChunkState.New)
                {
                    continue;
                }

                Interlocked.Increment(ref news[i]);
                await gate.WaitAsync(token);
                await CommitAsync(index, [ids[i]]);
                gate.Release();
            }
        });
        Assert.All(news, count => Assert.Equal(1, count));
        Assert.Equal(0, index.UncommittedCount);
    }

    [Fact]
    public async Task A_chunk_goes_from_new_to_pending_to_known_and_out_of_memory()
    {
        using var index = await _kit.LoadAsync();
        var (pack, entries) = _kit.Imagine(3);
        Assert.Equal(ChunkState.New, (await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State);
        Assert.Equal(ChunkState.Pending, (await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State);
        index.Release(entries[0].Chunk);
        Assert.Equal(ChunkState.New, (await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State);

        index.Place(pack, entries);
        index.Release(entries[0].Chunk);
        var claim = await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token);
        Assert.Equal((ChunkState.Known, pack, entries[0]), (claim.State, claim.Location!.Pack, claim.Location.Entry));
        Assert.Equal(entries[2], (await index.FindReliableAsync(entries[2].Chunk, IndexKit.Token))!.Entry);
        Assert.Equal(pack, await index.FindPackAsync(pack.Id, IndexKit.Token));
        Assert.Equal(3, index.UncommittedCount);

        var segment = await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), (pack, entries)));
        index.Commit(segment, [pack.Id]);
        Assert.Equal(0, index.UncommittedCount);
        claim = await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token);
        Assert.Equal((ChunkState.Known, entries[0]), (claim.State, claim.Location!.Entry));
        Assert.Equal(pack, await index.FindPackAsync(pack.Id, IndexKit.Token));
        Assert.Single(await index.EnumeratePacksAsync(IndexKit.Token).ToArrayAsync(IndexKit.Token));
    }

    [Fact]
    public async Task A_chunk_that_lies_in_two_packs_stays_with_the_later_one_until_that_is_committed()
    {
        using var index = await _kit.LoadAsync();
        var (first, entries) = _kit.Imagine(3);
        var (second, others) = _kit.Imagine(2);
        others = [others[0] with { Chunk = entries[1].Chunk }, others[1]];
        index.Place(first, entries);
        index.Place(second, others);

        index.Commit(await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), (first, entries))), [first.Id]);

        Assert.Equal(2, index.UncommittedCount);
        var location = (await index.FindReliableAsync(entries[1].Chunk, IndexKit.Token))!;
        Assert.Equal((second, others[0]), (location.Pack, location.Entry));
    }

    [Fact]
    public async Task Only_trusted_packs_make_a_chunk_known()
    {
        using var owner = _kit.Packs.Members.Enrol("owner", MemberRoles.Owner);
        using var other = _kit.Packs.Members.Enrol("other", MemberRoles.Writer);
        var mine = _kit.Imagine(1);
        var owners = _kit.Imagine(1, owner);
        var others = _kit.Imagine(1, other);
        var attested = _kit.Imagine(1, other);
        await _kit.StoreAsync(_kit.Sealing(), mine);
        await _kit.StoreAsync(_kit.Sealing(owner), owners);
        await _kit.StoreAsync(_kit.Sealing(other), others, attested);
        using var verifier = _kit.Packs.Members.Enrol("verifier", MemberRoles.Verifier);
        await _kit.StoreAsync(_kit.Sealing(verifier) with { IsAttestation = true }, attested);

        var trust = _kit.Trust();
        Assert.Equal((true, true, false, true), await KnownAsync(trust));
        Assert.Equal((true, true, true, true), await KnownAsync(trust with { TrustsAllMembers = true }));
        Assert.Equal((false, true, false, false), await KnownAsync(trust with { Condemned = new HashSet<PackId> { mine.Pack.Id, attested.Pack.Id } }));

        async Task<(bool Mine, bool Owners, bool Others, bool Attested)> KnownAsync(DeduplicationTrust by)
        {
            using var index = await _kit.LoadAsync(by);
            var known = new List<bool>();
            foreach (var (_, entries) in new[] { mine, owners, others, attested })
            {
                known.Add((await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State == ChunkState.Known);
                Assert.Single(await index.FindAsync(entries[0].Chunk, IndexKit.Token));
            }

            return (known[0], known[1], known[2], known[3]);
        }
    }

    [Fact]
    public async Task Every_location_is_kept_and_the_own_comes_first()
    {
        using var other = _kit.Packs.Members.Enrol("other", MemberRoles.Writer);
        var chunk = new ChunkId(Id256.Random());
        await _kit.StoreAsync(_kit.Sealing(other), _kit.Imagine(1, other, [chunk]));
        await _kit.StoreAsync(_kit.Sealing(), _kit.Imagine(1, ids: [chunk]));
        await _kit.StoreAsync(_kit.Sealing(other), _kit.Imagine(1, other, [chunk]));
        using var index = await _kit.LoadAsync();
        var found = await index.FindAsync(chunk, IndexKit.Token);
        Assert.Equal(3, found.Count);
        Assert.Equal(_kit.Writer.Id, found[0].Pack.Writer);
    }

    [Fact]
    public void A_filter_never_denies_what_it_holds_and_rarely_affirms_what_not()
    {
        var filter = new ChunkFilter(5000);
        var ids = Enumerable.Range(0, 5000).Select(_ => new ChunkId(Id256.Random())).ToArray();
        Array.ForEach(ids, filter.Add);
        Assert.All(ids, id => Assert.True(filter.MayContain(id)));
        Assert.True(Enumerable.Range(0, 5000).Count(_ => filter.MayContain(new ChunkId(Id256.Random()))) < 25);
    }

    private async Task CommitAsync(ChunkIndex index, ChunkId[] ids)
    {
        var (pack, entries) = _kit.Imagine(ids.Length, ids: ids);
        index.Place(pack, entries);
        index.Commit(await _kit.OpenAsync(await _kit.StoreAsync(_kit.Sealing(), (pack, entries))), [pack.Id]);
    }
}
