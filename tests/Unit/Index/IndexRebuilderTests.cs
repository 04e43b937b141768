using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Index;

public sealed class IndexRebuilderTests : IDisposable
{
    private readonly IndexKit _kit = new();
    private readonly List<FinishedPack> _packs = [];

    public void Dispose()
    {
        _packs.ForEach(pack => pack.Dispose());
        _kit.Dispose();
    }

    [Fact]
    public async Task An_index_rebuilt_from_packs_says_what_the_lost_one_said()
    {
        await StorePacksAsync(6);
        await _kit.StoreAsync(_kit.Sealing(), [.. _packs.Select(pack => (pack.Record, pack.Entries.ToArray()))]);
        using var original = await _kit.LoadAsync();

        var builder = new IndexSegmentBuilder();
        await foreach (var pack in Rebuilder().ReadAsync(_ => true, RebuildDepth.WholePacks, IndexKit.Token))
        {
            Assert.True(builder.TryAdd(pack.Record, pack.Entries));
        }

        using var owner = _kit.Packs.Members.Enrol("owner", MemberRoles.Owner);
        using var rebuilt = await _kit.OpenAsync(await _kit.StoreAsync(builder, _kit.Sealing(owner)));
        Assert.Equal(
            await original.EnumeratePacksAsync(IndexKit.Token).ToArrayAsync(IndexKit.Token),
            await rebuilt.EnumeratePacksAsync(IndexKit.Token).ToArrayAsync(IndexKit.Token));
        var locations = await rebuilt.EnumerateChunksAsync(IndexKit.Token).ToArrayAsync(IndexKit.Token);
        Assert.Equal(_packs.Sum(pack => pack.Entries.Count), locations.Length);
        foreach (var location in locations)
        {
            var before = Assert.Single(await original.FindAsync(location.Entry.Chunk, IndexKit.Token));
            Assert.Equal((before.Pack, before.Entry), (location.Pack, location.Entry));
        }
    }

    [Fact]
    public async Task Tables_alone_give_the_same_but_the_hash()
    {
        await StorePacksAsync(3);
        var records = await Rebuilder().ReadAsync(_ => true, RebuildDepth.Tables, IndexKit.Token).Select(pack => pack.Record).ToArrayAsync(IndexKit.Token);
        Assert.All(records, record => Assert.False(record.HasHash));
        Assert.Equal(
            _packs.Select(pack => pack.Record with { Sha256 = default }).OrderBy(record => record.Id),
            records.OrderBy(record => record.Id));
    }

    [Fact]
    public async Task Orphans_of_an_interrupted_run_are_adopted()
    {
        await StorePacksAsync(4);
        await _kit.StoreAsync(_kit.Sealing(), [.. _packs.Take(2).Select(pack => (pack.Record, pack.Entries.ToArray()))]);
        using var index = await _kit.LoadAsync();
        var named = await index.EnumeratePacksAsync(IndexKit.Token).Select(pack => pack.Id).ToHashSetAsync(cancellationToken: IndexKit.Token);
        await foreach (var orphan in Rebuilder().ReadAsync(id => !named.Contains(id), RebuildDepth.WholePacks, IndexKit.Token))
        {
            Assert.Equal(_kit.Writer.Id, orphan.Writer.Id);
            index.Place(orphan.Record, orphan.Entries);
        }

        foreach (var pack in _packs)
        {
            Assert.Equal(ChunkState.Known, (await index.TryClaimAsync(pack.Entries[0].Chunk, IndexKit.Token)).State);
        }
    }

    [Fact]
    public async Task Packs_that_do_not_verify_are_reported_and_skipped()
    {
        await StorePacksAsync(4);
        using var stranger = SigningKey.Create();
        var foreign = Track(_kit.Packs.Pack([[1, 2, 3]], writer: stranger));
        await _kit.StorePackAsync(foreign);
        Damage(_packs[0], bytes => bytes[^1] ^= 1);
        Damage(_packs[1], bytes => bytes[PackLayout.PrologueBytes] ^= 1);
        _kit.Target.Replace(_packs[2].Record.Name, _packs[2].Bytes.Span[..100]);
        _kit.Target.Replace(new ObjectName("packs/readme"), [1]);

        var rebuilder = Rebuilder();
        var found = await rebuilder.ReadAsync(_ => true, RebuildDepth.WholePacks, IndexKit.Token).ToArrayAsync(IndexKit.Token);
        Assert.Equal([_packs[3].Record], found.Select(pack => pack.Record));
        var codes = rebuilder.Problems.ToDictionary(problem => problem.Name, problem => problem.Fault.Code);
        Assert.Equal(FaultCodes.FrameTampered, codes[_packs[0].Record.Name]);
        Assert.Equal(FaultCodes.PackHashMismatch, codes[_packs[1].Record.Name]);
        Assert.Equal(FaultCodes.PackMalformed, codes[_packs[2].Record.Name]);
        Assert.Equal(FaultCodes.SignatureInvalid, codes[foreign.Record.Name]);
        Assert.Equal(4, codes.Count);
    }

    [Fact]
    public async Task Who_stops_listening_stops_the_reading()
    {
        await StorePacksAsync(40);
        var asked = 0;
        await foreach (var pack in Rebuilder().ReadAsync(_ => Interlocked.Increment(ref asked) > 0, RebuildDepth.Tables, IndexKit.Token))
        {
            Assert.NotNull(pack);
            break;
        }

        Assert.InRange(asked, 1, 20);
    }

    private IndexRebuilder Rebuilder() => new(_kit.Target, _kit.Access);

    private async Task StorePacksAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _kit.StorePackAsync(Track(_kit.Packs.Pack([BitConverter.GetBytes(i), [.. Enumerable.Repeat((byte)i, 3000)]])));
        }
    }

    private FinishedPack Track(FinishedPack pack)
    {
        if (pack.Record.Writer == _kit.Writer.Id)
        {
            _packs.Add(pack);
        }

        return pack;
    }

    private void Damage(FinishedPack pack, Action<byte[]> damage)
    {
        var bytes = pack.Bytes.ToArray();
        damage(bytes);
        _kit.Target.Replace(pack.Record.Name, bytes);
    }
}
