using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Index;

public sealed class SegmentCatalogTests : IDisposable
{
    private readonly IndexKit _kit = new();
    private readonly SigningKey _thief;
    private readonly SigningKey _maintainer;

    public SegmentCatalogTests()
    {
        _thief = _kit.Packs.Members.Enrol("thief", MemberRoles.Writer);
        _maintainer = _kit.Packs.Members.Enrol("maintainer", MemberRoles.Maintainer);
    }

    public void Dispose()
    {
        _thief.Dispose();
        _maintainer.Dispose();
        _kit.Dispose();
    }

    [Fact]
    public async Task A_chunk_claimed_in_somebody_elses_pack_poisons_the_segment_and_others_go_on()
    {
        var good = _kit.Imagine(2);
        await _kit.StoreAsync(_kit.Sealing(), good);
        var target = new ChunkId(Id256.Random());
        var (_, lies) = _kit.Imagine(1, ids: [target]);
        var poisoned = await _kit.StoreAsync(_kit.Sealing(_thief), _kit.Imagine(5, _thief), (good.Pack, lies));

        using var index = await _kit.LoadAsync();
        Assert.Equal(ChunkState.New, (await index.TryClaimAsync(target, IndexKit.Token)).State);
        Assert.Empty(await index.FindAsync(target, IndexKit.Token));
        Assert.Single(await index.FindAsync(good.Entries[0].Chunk, IndexKit.Token));
        var problem = Assert.Single(index.Problems);
        Assert.Equal((IndexSegmentBuilder.NameOf(poisoned), FaultCodes.SegmentPoisoned), (problem.Name, problem.Fault.Code));
    }

    [Fact]
    public async Task A_maintainer_may_name_anybodys_packs()
    {
        var (pack, entries) = _kit.Imagine(2);
        await _kit.StoreAsync(_kit.Sealing(_maintainer), (pack, entries), _kit.Imagine(2, _thief));
        using var index = await _kit.LoadAsync();
        Assert.Equal(ChunkState.Known, (await index.TryClaimAsync(entries[1].Chunk, IndexKit.Token)).State);
        Assert.Empty(index.Problems);
    }

    [Fact]
    public async Task A_writer_replaces_its_own_segments_and_nobody_elses()
    {
        var (pack, entries) = _kit.Imagine(1);
        var mine = await _kit.StoreAsync(_kit.Sealing(), (pack, entries));
        var thiefs = await _kit.StoreAsync(_kit.Sealing(_thief, mine), _kit.Imagine(1, _thief));
        using (var catalog = await SegmentCatalog.LoadAsync(_kit.Target, _kit.Access, _kit.Cache, IndexKit.Token))
        {
            Assert.Equal([mine], catalog.Segments.Select(segment => segment.Id));
            var problem = Assert.Single(catalog.Problems);
            Assert.Equal((IndexSegmentBuilder.NameOf(thiefs), FaultCodes.SegmentPoisoned), (problem.Name, problem.Fault.Code));
        }

        var newer = await _kit.StoreAsync(_kit.Sealing(null, mine), (pack, entries));
        using (var catalog = await SegmentCatalog.LoadAsync(_kit.Target, _kit.Access, _kit.Cache, IndexKit.Token))
        {
            Assert.Equal([newer], catalog.Segments.Select(segment => segment.Id));
        }

        var merged = await _kit.StoreAsync(_kit.Sealing(_maintainer, mine, newer, thiefs), (pack, entries));
        using (var catalog = await SegmentCatalog.LoadAsync(_kit.Target, _kit.Access, _kit.Cache, IndexKit.Token))
        {
            Assert.Equal([merged], catalog.Segments.Select(segment => segment.Id));
        }
    }

    [Fact]
    public async Task A_signer_without_the_right_is_refused_and_others_go_on()
    {
        using var stranger = SigningKey.Create();
        using var auditor = _kit.Packs.Members.Enrol("auditor", MemberRoles.Auditor);
        using var nobody = _kit.Packs.Members.Enrol("nobody", MemberRoles.None);
        var good = _kit.Imagine(1);
        await _kit.StoreAsync(_kit.Sealing(), good);
        foreach (var signer in new[] { stranger, auditor, nobody })
        {
            await _kit.StoreAsync(_kit.Sealing(signer), _kit.Imagine(1, signer));
        }

        using var index = await _kit.LoadAsync();
        Assert.Single(await index.FindAsync(good.Entries[0].Chunk, IndexKit.Token));
        Assert.Equal(
            [FaultCodes.SignatureInvalid, FaultCodes.SignerNotEntitled, FaultCodes.SignerNotEntitled],
            index.Problems.Select(problem => problem.Fault.Code).OrderBy(code => code.Number));
    }

    [Fact]
    public async Task A_revoked_writers_segment_is_read_but_neither_deduplicated_against_nor_obeyed()
    {
        var mine = await _kit.StoreAsync(_kit.Sealing(_maintainer), _kit.Imagine(1));
        var (pack, entries) = _kit.Imagine(1, _thief);
        await _kit.StoreAsync(_kit.Sealing(_thief), (pack, entries));
        _kit.Packs.Members.Set(_thief, "thief", MemberRoles.Writer, isRevoked: true);
        _kit.Packs.Members.Set(_maintainer, "maintainer", MemberRoles.Maintainer, isRevoked: true);
        await _kit.StoreAsync(_kit.Sealing(_maintainer, mine), _kit.Imagine(1));

        using var index = await _kit.LoadAsync(_kit.Trust() with { TrustsAllMembers = true });
        Assert.Single(await index.FindAsync(entries[0].Chunk, IndexKit.Token));
        Assert.Equal(ChunkState.New, (await index.TryClaimAsync(entries[0].Chunk, IndexKit.Token)).State);
        using var catalog = await SegmentCatalog.LoadAsync(_kit.Target, _kit.Access, _kit.Cache, IndexKit.Token);
        Assert.Contains(catalog.Segments, segment => segment.Id == mine);
    }

    [Fact]
    public async Task A_damaged_page_costs_its_own_chunks_only()
    {
        var (pack, entries) = _kit.Imagine(700);
        var name = IndexSegmentBuilder.NameOf(await _kit.StoreAsync(_kit.Sealing(), (pack, entries)));
        var bytes = _kit.Target.Objects[name].ToArray();
        bytes[IndexLayout.PrologueBytes + 5] ^= 1;
        _kit.Target.Replace(name, bytes);

        using var index = await _kit.LoadAsync();
        var sorted = entries.OrderBy(entry => entry.Chunk).ToArray();
        Assert.Empty(await index.FindAsync(sorted[0].Chunk, IndexKit.Token));
        Assert.Single(await index.FindAsync(sorted[699].Chunk, IndexKit.Token));
        Assert.Equal(FaultCodes.SegmentMalformed, Assert.Single(index.Problems).Fault.Code);
    }

    [Fact]
    public async Task What_was_not_reached_when_the_target_failed_is_opened_by_the_next_call()
    {
        var segments = new List<ObjectId>();
        for (var i = 0; i < 12; i++)
        {
            segments.Add(await _kit.StoreAsync(_kit.Sealing(), _kit.Imagine(1)));
        }

        _kit.Target.Replace(IndexSegmentBuilder.NameOf(ObjectId.Random()), [1, 2, 3]);
        var target = new DyingTarget(_kit.Target);
        using var catalog = await SegmentCatalog.ListAsync(target, _kit.Access, _kit.Cache, DateTimeOffset.MaxValue, IndexKit.Token);
        for (var reads = 0; reads < 4; reads++)
        {
            target.ReadsLeft = reads;
            await Assert.ThrowsAsync<TargetException>(() => catalog.OpenMoreAsync(IndexKit.Token));
            Assert.False(catalog.IsWhole);
        }

        target.ReadsLeft = int.MaxValue;
        await catalog.OpenAllAsync(IndexKit.Token);
        Assert.Equal(segments.ToHashSet(), catalog.Segments.Select(static segment => segment.Id).ToHashSet());
        Assert.Single(catalog.Problems);
    }

    [Fact]
    public async Task What_is_no_segment_at_all_is_ignored()
    {
        _kit.Target.Replace(new ObjectName("index/notes"), [1, 2, 3]);
        _kit.Target.Replace(IndexSegmentBuilder.NameOf(ObjectId.Random()), [1, 2, 3]);
        using var index = await _kit.LoadAsync();
        Assert.Equal(FaultCodes.NotAnObject, Assert.Single(index.Problems).Fault.Code);
    }

    /// <summary>Answers so many reads, and then none.</summary>
    private sealed class DyingTarget(Target inner) : DelegatingTarget(inner)
    {
        private int _left;

        internal int ReadsLeft { get => _left; set => _left = value; }

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) => Interlocked.Decrement(ref _left) < 0
            ? Task.FromException(new TargetException(TargetFault.Unavailable, "The line is dead."))
            : base.ReadAsync(name, offset, destination, cancellationToken);
    }
}
