using System.Runtime.CompilerServices;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What members who were revoked or robbed, removals that are taken back and a damaged index do to a collection.</summary>
public sealed class CollectionAttackTests : IDisposable
{
    private static readonly CollectOptions Compacting = new() { MaxUnusedPercent = 30 };

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    /// <summary>Within its first hour a record may be taken back by whoever wrote it, so nothing is done by it: not to the manifest, not to packs under a marker that is due.</summary>
    [Fact]
    public async Task A_removal_that_may_be_taken_back_removes_nothing_yet()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner);
        var marked = await CollectAsync(owner, Compacting);
        Assert.NotEqual(0, marked.PacksChosen);
        _scene.Time.Advance(Day);
        var snapshot = Assert.Single((await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots);
        var record = await RemovalRecord.WriteAsync(owner, [snapshot], "at the same moment as another", Token);
        var result = await CollectAsync(owner);
        Assert.Equal((marked.PacksCondemned, 0), (result.PacksDeleted, result.PacksCondemned));
        Assert.Equal(1, _scene.CountOf("snapshots/"));
        await owner.Target.DeleteAsync(ObjectNames.RemovalRecord(record), Token);
        await _scene.RequireIntactAsync(owner);

        // One that was not taken back for an hour stands, once the snapshot is not the newest verified one any more.
        var old = _scene.Packs.ToHashSet();
        _scene.Files.Clear();
        _scene.Set("newer.bin", 12_000, seed: 99);
        await _scene.BackUpAsync(owner);
        await _scene.RequireIntactAsync(owner);
        await RemovalRecord.WriteAsync(owner, [snapshot], "no longer kept", Token);
        _scene.Time.Advance(TimeSpan.FromHours(1));
        _scene.Expected.Remove(snapshot.Id);
        await CollectAsync(owner);
        Assert.Equal(1, _scene.CountOf("snapshots/"));
        await _scene.CollectForAsync(owner, 6);
        Assert.Empty(_scene.Packs.Intersect(old));
        await _scene.RequireIntactAsync(owner);
    }

    /// <summary>The index no longer says that a chunk lies in a pack, but knows another copy, that of a snapshot which goes some day.</summary>
    [Fact]
    public async Task Compaction_moves_what_a_damaged_index_no_longer_places_in_a_pack()
    {
        using var owner = await _scene.CreateAsync();
        using var first = await _scene.OpenWriterAsync(owner, "first");
        using var second = await _scene.OpenWriterAsync(owner, "second");
        await HalfEmptyAsync(first, owner);
        var others = (await _scene.BackUpAsync(second)).Snapshot.Id;
        Assert.NotEqual(0, (await CollectAsync(owner, Compacting)).PacksChosen);
        await ForgetDuplicatesAsync(owner, first.Self, second.Self);
        _scene.Time.Advance(Day);
        var total = await _scene.CollectForAsync(owner, 4, Compacting);
        Assert.NotEqual(0, total.PacksCompacted);
        await _scene.RemoveAsync(owner, others);
        await _scene.CollectForAsync(owner, 6, Compacting);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task Attestations_are_joined_by_their_own_verifier_alone_and_stay_attestations()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "writer");
        await MemberAdmission.AddAsync(owner, new NewMember("verifier", MemberRoles.Verifier) { KeyFilePath = _scene["verifier.key"], MayRead = true }, Token);
        using var verifier = await _scene.OpenAsync("verifier", _scene["verifier.key"]);
        var (byVerifier, byOwner) = (new HashSet<PackId>(), new HashSet<PackId>());
        for (var i = 0; i < 9; i++)
        {
            _scene.Set($"file-{i}.bin", 20_000, seed: i);
            await _scene.BackUpAsync(writer);
            await AttestAsync(verifier, writer.Self, byVerifier);
            await AttestAsync(owner, writer.Self, byOwner);
        }

        Assert.Equal((9, 9), await AttestationsAsync(owner, verifier.Self));
        await _scene.CollectForAsync(owner, 4);
        Assert.Equal((1, 9), await AttestationsAsync(owner, verifier.Self));
        using var relying = await _scene.OpenWriterAsync(owner, "relying");
        Assert.Equal(0, (await _scene.BackUpAsync(relying)).ChunksNew);
        await _scene.RequireIntactAsync(owner);

        // A stolen verifier's false word about an owner's pack has not come into the maintainer's mouth.
        var wanted = owner.Keys.ChunkId.IdOf(DomainId.Vault, new byte[77]);
        _scene.Set("owners.bin", 20_000, seed: 100);
        await _scene.BackUpAsync(owner, "owners");
        await LieAsync(verifier, owner.Self, wanted);
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(verifier.Self, "stolen"), Token);
        await _scene.CollectForAsync(owner, 4);
        using var index = await ChunkIndexLoader.OpenForWritingAsync(owner, await ChunkIndexLoader.ListForWritingAsync(owner, Token), await PackInventory.TakeAsync(owner.Target, Token), new HashSet<PackId>(), owner.Sink, Token);
        Assert.Equal(ChunkState.New, (await index.TryClaimAsync(wanted, Token)).State);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task What_a_revoked_maintainer_merged_is_asked_of_the_packs_and_relied_on_again()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "writer");
        using var maintainer = await MaintainerAsync(owner);
        for (var i = 0; i < 9; i++)
        {
            _scene.Set($"file-{i}.bin", 20_000, seed: i);
            await _scene.BackUpAsync(writer);
        }

        Assert.Equal(9, (await CollectAsync(maintainer)).SegmentsMerged);
        await _scene.CollectForAsync(maintainer, 4);
        Assert.Equal(1, _scene.CountOf("index/"));
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(maintainer.Self, "left"), Token);
        await _scene.CollectForAsync(owner, 4);
        Assert.Equal(0, (await _scene.BackUpAsync(writer)).ChunksNew);
        await _scene.RequireIntactAsync(owner);
    }

    /// <summary>Nobody shuns what a revoked maintainer marked, so it may delete nothing more, however far it is.</summary>
    [Fact]
    public async Task A_maintainer_that_is_revoked_while_it_collects_deletes_nothing_more()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner);
        using (var early = await MaintainerAsync(owner))
        {
            Assert.NotEqual(0, (await CollectAsync(early)).PacksCondemned);
        }

        _scene.Time.Advance(Day);
        var packs = _scene.Packs;
        using var maintainer = await _scene.OpenAsync("late", _scene["maintainer.key"], new AfterListing(
            _scene.Target, ObjectNames.Packs, 2, () => MemberRevocation.RevokeAsync(owner, new RevocationRequest(owner.Register.Members.Values.Single(static member => member.Entry.Name.Equals("maintainer", StringComparison.Ordinal)).Entry.Id, "left"), Token)));
        Assert.Equal(FaultCodes.NotAMaintainer, (await Assert.ThrowsAsync<RequestException>(() => CollectAsync(maintainer))).Code);
        Assert.Equal(packs, _scene.Packs);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_time_limit_ends_a_long_walk_too()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner);
        _scene.Set("more.bin", 12_000, seed: 99);
        await _scene.BackUpAsync(owner);
        using var slow = await _scene.OpenAsync(target: new SlowReads(_scene.Target, () => _scene.Time.Advance(TimeSpan.FromSeconds(10))));
        var result = await CollectAsync(slow, Compacting with { TimeLimit = TimeSpan.FromSeconds(1) });
        Assert.True(result.HasMoreToDo);
        Assert.Equal(0, result.PacksChosen);
        Assert.NotEqual(0, (await CollectAsync(owner, Compacting)).PacksChosen);
    }

    [Fact]
    public async Task The_result_says_the_bytes_that_are_there()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner);
        for (var turn = 0; turn < 8; turn++)
        {
            var before = _scene.BytesOf("packs/");
            var plan = await CollectCorridor.PlanAsync(owner, CollectOptions.Default, Token);
            Assert.Equal(before, plan.BytesBefore);
            var result = await CollectAsync(owner, Compacting);
            Assert.Equal((before, _scene.BytesOf("packs/")), (result.BytesBefore, result.BytesAfter));
            _scene.Time.Advance(TimeSpan.FromHours(12));
        }
    }

    private async Task<UnlockedVault> MaintainerAsync(UnlockedVault owner)
    {
        await MemberAdmission.AddAsync(owner, new NewMember("maintainer", MemberRoles.Maintainer) { KeyFilePath = _scene["maintainer.key"] }, Token);
        return await _scene.OpenAsync("maintainer", _scene["maintainer.key"]);
    }

    /// <summary>Two snapshots; of the packs of the first, most is unused once it is removed.</summary>
    private async Task HalfEmptyAsync(UnlockedVault writer, UnlockedVault? owner = null)
    {
        for (var i = 0; i < 40; i++)
        {
            _scene.Set($"file-{i:D2}.bin", 12_000, seed: i);
        }

        var first = (await _scene.BackUpAsync(writer)).Snapshot.Id;
        foreach (var name in _scene.Files.Keys.Where((_, i) => i % 4 != 0).ToList())
        {
            _scene.Files.Remove(name);
        }

        _scene.Time.Advance(TimeSpan.FromHours(1));
        await _scene.BackUpAsync(writer);
        await _scene.RemoveAsync(owner ?? writer, first);
        _scene.Time.Advance(2 * Day);
    }

    /// <summary>All but one place, in each pack that is to be rewritten, of what another writer stored as well.</summary>
    private async Task ForgetDuplicatesAsync(UnlockedVault owner, MemberId writer, MemberId other)
    {
        using var catalog = await SegmentCatalog.LoadAsync(owner.Target, SegmentSealings.AccessOf(owner), new PageCache(), Token);
        var places = new List<ChunkLocation>();
        foreach (var segment in catalog.Segments)
        {
            places.AddRange(await segment.EnumerateChunksAsync(Token).ToListAsync(Token));
        }

        var twice = places.Where(place => place.Pack.Writer == other).Select(static place => place.Entry.Chunk).ToHashSet();
        var marked = (await CondemnedMarkers.StandingAsync(owner, Token)).SelectMany(static marker => marker.Marker.Packs).ToHashSet();
        var kept = new IndexSegmentBuilder();
        foreach (var pack in places.Where(place => place.Pack.Writer == writer).GroupBy(static place => place.Pack))
        {
            var known = pack.Where(place => !twice.Contains(place.Entry.Chunk)).Concat(pack.Where(place => twice.Contains(place.Entry.Chunk)).Take(1));
            (marked.Contains(pack.Key.Id) ? known : pack).ToList().ForEach(place => kept.Add(place.Pack, place.Entry));
        }

        Assert.True(twice.Count > 2);
        foreach (var segment in catalog.Segments.Where(segment => segment.Signer.Id == writer))
        {
            _scene.Target.Remove(segment.Name);
        }

        await StoreAsync(owner, kept, SegmentSealings.Of(owner));
    }

    /// <summary>As a check does: a segment of its own for what it has not attested yet.</summary>
    private static async Task AttestAsync(UnlockedVault verifier, MemberId writer, HashSet<PackId> known)
    {
        using var index = await ChunkIndexLoader.OpenForReadingAsync(verifier, writer, verifier.Sink, Token);
        var tables = new IndexRebuilder(verifier.Target, SegmentSealings.AccessOf(verifier));
        var builder = new IndexSegmentBuilder();
        foreach (var pack in await index.EnumeratePacksAsync(Token).Where(pack => pack.Writer == writer).ToListAsync(Token))
        {
            if (known.Add(pack.Id))
            {
                builder.TryAdd(pack, (await tables.ReadTableAsync(pack.Id, pack.LengthBytes, Token)).Entries);
            }
        }

        await StoreAsync(verifier, builder, SegmentSealings.Of(verifier) with { IsAttestation = true });
    }

    private static async Task LieAsync(UnlockedVault verifier, MemberId owner, ChunkId wanted)
    {
        using var index = await ChunkIndexLoader.OpenForReadingAsync(verifier, owner, verifier.Sink, Token);
        var pack = await index.EnumeratePacksAsync(Token).FirstAsync(pack => pack.Writer == owner, Token);
        var told = await new IndexRebuilder(verifier.Target, SegmentSealings.AccessOf(verifier)).ReadTableAsync(pack.Id, pack.LengthBytes, Token);
        var builder = new IndexSegmentBuilder();
        builder.TryAdd(pack, [told.Entries[0] with { Chunk = wanted }]);
        await StoreAsync(verifier, builder, SegmentSealings.Of(verifier) with { IsAttestation = true });
    }

    private static async Task StoreAsync(UnlockedVault vault, IndexSegmentBuilder builder, SegmentSealing sealing)
    {
        using var content = new MemoryStream();
        var id = builder.Write(content, sealing);
        content.Position = 0;
        await vault.Target.PutAsync(IndexSegmentBuilder.NameOf(id), content, PutOptions.Default, Token);
    }

    private static async Task<(int Own, int Others)> AttestationsAsync(UnlockedVault owner, MemberId verifier)
    {
        using var catalog = await SegmentCatalog.LoadAsync(owner.Target, SegmentSealings.AccessOf(owner), new PageCache(), Token);
        var attestations = catalog.Segments.Where(static segment => segment.IsAttestation).ToList();
        return (attestations.Count(segment => segment.Signer.Id == owner.Self), attestations.Count(segment => segment.Signer.Id == verifier));
    }

    private sealed class SlowReads(Target inner, Action onRead) : DelegatingTarget(inner)
    {
        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            onRead();
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }

    /// <summary>Something happens right after a folder was listed for the n-th time.</summary>
    private sealed class AfterListing(Target inner, string folder, int times, Func<Task> happens) : DelegatingTarget(inner)
    {
        private int _left = times;

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var stat in base.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }

            if (prefix.Equals(folder, StringComparison.Ordinal) && --_left == 0)
            {
                await happens();
            }
        }
    }
}
