using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What a collection does beside packs, and what a stolen writer's objects do to it: nothing.</summary>
public sealed class TidyingTests : IDisposable
{
    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Sessions_pages_records_and_segments_that_have_served_go()
    {
        using var owner = await _scene.CreateAsync();
        for (var day = 0; day < 12; day++)
        {
            _scene.Set($"day-{day}.bin", 30_000, seed: day);
            await _scene.BackUpAsync(owner);
            _scene.Time.Advance(TimeSpan.FromHours(6));
        }

        var snapshots = (await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots;
        var finding = new VerificationFinding(owner.Now, 1, 1, 1, default, default, true, 0, VerificationDepth.EveryByte);
        await VerificationRecord.WriteAsync(owner, snapshots[^1].Reference, finding, Token);
        await VerificationRecord.WriteAsync(owner, snapshots[0].Reference, finding, Token);

        // All but the newest, and of one the removal breaks off after its record.
        _scene.Files.Remove("day-0.bin");
        await _scene.BackUpAsync(owner);
        var kept = Assert.Single(_scene.Expected.Keys, id => snapshots.All(snapshot => snapshot.Id != id));
        var late = _scene.Target.Objects[ObjectNames.Manifest(snapshots[3].Id)].ToArray();
        await _scene.RemoveAsync(owner, [.. snapshots.Select(static snapshot => snapshot.Id)]);
        _scene.Target.Replace(ObjectNames.Manifest(snapshots[3].Id), late);
        Assert.Equal(13, _scene.CountOf("index/"));
        var pages = await ReferencePagesAsync(owner);
        var total = await _scene.CollectForAsync(owner, 8);

        Assert.InRange(total.SegmentsMerged, 13, 30);
        Assert.InRange(_scene.CountOf("index/"), 1, 2);
        Assert.Equal(0, _scene.CountOf("sessions/"));
        Assert.Equal(1, _scene.CountOf("snapshots/"));
        Assert.Equal(0, _scene.CountOf("verifications/"));
        Assert.Equal(0, _scene.CountOf("condemned/"));
        Assert.Equal([kept], _scene.Expected.Keys);
        var gone = pages.Where(page => !_scene.Packs.IsSupersetOf(page.Value)).Select(static page => page.Key).ToList();
        Assert.NotEmpty(gone);
        Assert.Equal(pages.Keys.Except(gone).ToHashSet(), [.. (await ReferencePagesAsync(owner)).Keys]);
        await _scene.RequireIntactAsync(owner);
        Assert.Equal(0, (await _scene.BackUpAsync(owner)).BytesStored);
    }

    /// <summary>
    /// What each stored page names. Where ids happen to cut a set in two, a page of removed snapshots may name only packs that stay; such a page stays too, since a run may be about to use it.
    /// </summary>
    private async Task<Dictionary<ObjectId, HashSet<PackId>>> ReferencePagesAsync(UnlockedVault vault)
    {
        var pages = new Dictionary<ObjectId, HashSet<PackId>>();
        foreach (var name in _scene.Target.Objects.Keys)
        {
            if (ObjectNames.TryParseId(name, ObjectNames.ReferencePages, out var id))
            {
                pages.Add(new ObjectId(id), await ReferenceSet.ReadAsync(vault, [new ObjectId(id)], Token).ToHashSetAsync(cancellationToken: Token));
            }
        }

        return pages;
    }

    /// <summary>By a clock that was ahead of the store's, and then the process died.</summary>
    [Fact]
    public async Task A_removal_that_broke_off_is_taken_back_where_the_snapshot_must_stay()
    {
        using var owner = await _scene.CreateAsync();
        await PolicyChange.ApplyAsync(owner, new NewPolicy { RetentionFloor = 10 * Day }, Token);
        var ids = new List<SnapshotId>();
        for (var i = 0; i < 4; i++)
        {
            _scene.Set("a.bin", 100_000, seed: i);
            ids.Add((await _scene.BackUpAsync(owner)).Snapshot.Id);
            _scene.Time.Advance(i == 0 ? 12 * Day : Day);
        }

        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        await RemovalRecord.WriteAsync(owner, [.. ids.Take(3).Select(id => catalog.Resolve(id.ToString()))], "too early", Token);
        _scene.Expected.Remove(ids[0]);
        await _scene.CollectForAsync(owner, 6);
        Assert.Equal(3, _scene.CountOf("snapshots/"));
        await _scene.RequireIntactAsync(owner);
        Assert.Equal([ids[0].Value], (await SnapshotCatalog.LoadAsync(owner, Token)).Removed.Select(static item => item.Manifest.Id.Value));
    }

    [Fact]
    public async Task What_broken_off_changes_left_and_rubbish_among_the_waiting_ones_go()
    {
        using var owner = await _scene.CreateAsync();
        ObjectName[] planted = [ObjectNames.Unlocker(ObjectId.Random()), ObjectNames.Bundle(ObjectId.Random()), ObjectNames.Proposal(ObjectId.Random())];
        foreach (var name in planted)
        {
            _scene.Target.Replace(name, "left by somebody"u8);
        }

        await CollectAsync(owner);
        Assert.All(planted, name => Assert.Contains(name, _scene.Target.Objects.Keys));
        _scene.Time.Advance(TimeSpan.FromDays(32));
        await CollectAsync(owner);
        Assert.All(planted, name => Assert.DoesNotContain(name, _scene.Target.Objects.Keys));
        using var opened = await _scene.OpenAsync();
    }

    [Fact]
    public async Task Many_removal_records_become_one_that_says_the_same()
    {
        using var owner = await _scene.CreateAsync();
        var all = new List<SnapshotId>();
        for (var i = 0; i < 40; i++)
        {
            _scene.Set("a.bin", 1_000, seed: i);
            all.Add((await _scene.BackUpAsync(owner)).Snapshot.Id);
            _scene.Time.Advance(TimeSpan.FromMinutes(1));
        }

        foreach (var id in all.SkipLast(1))
        {
            await _scene.RemoveAsync(owner, id);
        }

        Assert.Equal(39, _scene.CountOf("removals/"));
        await _scene.CollectForAsync(owner, 4);
        Assert.InRange(_scene.CountOf("removals/"), 1, 2);
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        Assert.Empty(catalog.Problems);
        Assert.Equal(all.SkipLast(1).Select(static id => id.Value).Order(), catalog.Removed.Select(static item => item.Manifest.Id.Value).Order());
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task What_an_interrupted_run_stored_is_taken_over_unless_it_is_condemned()
    {
        using var owner = await _scene.CreateAsync();
        _scene.Set("a.bin", 200_000, seed: 1);
        await BreakOffAsync(owner);
        Assert.Equal(0, (await CollectAsync(owner)).PacksCondemned);
        _scene.Time.Advance(2 * Day);
        var condemned = await CollectAsync(owner);
        Assert.NotEqual(0, condemned.PacksCondemned);
        var next = await _scene.BackUpAsync(owner);
        Assert.Equal(0, next.PacksAdopted);
        _scene.Time.Advance(Day);
        Assert.Equal(condemned.PacksCondemned, (await CollectAsync(owner)).PacksDeleted);
        await _scene.RequireIntactAsync(owner);

        _scene.Set("b.bin", 200_000, seed: 2);
        await BreakOffAsync(owner);
        await CollectAsync(owner);
        Assert.NotEqual(0, (await _scene.BackUpAsync(owner)).PacksAdopted);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_stolen_writers_marker_relocation_session_end_and_segment_do_nothing()
    {
        using var owner = await _scene.CreateAsync();
        using var honest = await _scene.OpenWriterAsync(owner, "honest");
        using var thief = await _scene.OpenWriterAsync(owner, "thief");
        _scene.Set("a.bin", 200_000, seed: 1);
        var first = (await _scene.BackUpAsync(honest)).Snapshot.Id;
        _scene.Set("b.bin", 100_000, seed: 2);
        await _scene.BackUpAsync(honest);
        var packs = _scene.Packs;
        _scene.Time.Advance(2 * Day);

        await CondemnedMarkers.WriteAsync(thief, [.. packs], Token);
        var header = thief.NewHeader(ObjectKind.Relocation, isSealed: true);
        var relocation = new Relocation(thief.Register.Head, [.. packs.Select(pack => (pack, packs.First()))], thief.Now);
        await thief.Store.PutAsync(ObjectNames.Relocation(header.Object), relocation.Seal(header, thief.Keys, thief.SelfKey), Token);
        var others = _scene.Target.Objects.Keys.Where(static name => name.Value.StartsWith("index/", StringComparison.Ordinal)).ToList();
        await ClaimAsync(thief, owner, packs);

        _scene.Files.Remove("a.bin");
        await _scene.BackUpAsync(honest);
        await _scene.RemoveAsync(owner, first);
        await _scene.CollectForAsync(owner, 6);
        Assert.All(others, name => Assert.Contains(name, _scene.Target.Objects.Keys));
        await _scene.RequireIntactAsync(owner);

        // An end that somebody else signs ends nothing.
        await using var session = await WriterSession.BeginAsync(honest, Token);
        var end = new SessionRecord(thief.Register.Head, session.Id, 1, thief.Now, IsEnd: true);
        await thief.Store.PutAsync(
            ObjectNames.SessionEnd(session.Id), SignedObject.Build(thief.NewHeader(ObjectKind.Session, isSealed: false), end.Encode(), thief.SelfKey), Token);
        var board = await SessionBoard.LoadAsync(owner, _scene.Time.GetUtcNow(), Token);
        Assert.Null(Assert.Single(board.Sessions, seen => seen.Id == session.Id).EndedAt);
        Assert.True(board.ClearFrom(_scene.Time.GetUtcNow(), _scene.Time.GetUtcNow()) > _scene.Time.GetUtcNow());
    }

    [Fact]
    public async Task A_pack_in_a_writers_mouth_is_merged_only_if_it_says_so_itself()
    {
        using var owner = await _scene.CreateAsync();
        using var thief = await _scene.OpenWriterAsync(owner, "thief");
        for (var i = 0; i < 10; i++)
        {
            _scene.Set("a.bin", 40_000, seed: i);
            await _scene.BackUpAsync(owner);
        }

        Assert.Equal(10, (await Engine.Pipeline.Collection.CollectCorridor.PlanAsync(owner, Engine.Pipeline.Collection.CollectOptions.Default, Token)).SegmentsMerged);
        await ClaimAsync(thief, owner, _scene.Packs);
        Assert.Equal(10, (await CollectAsync(owner)).SegmentsMerged);
        Assert.Contains(FaultCodes.SegmentPoisoned, _scene.Sink.Codes);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task Of_the_checks_of_a_snapshot_that_stays_each_verifiers_last_ones_stay()
    {
        using var owner = await _scene.CreateAsync();
        _scene.Set("a.bin", 20_000, seed: 1);
        var snapshot = (await _scene.BackUpAsync(owner)).Snapshot;
        await MemberAdmission.AddAsync(owner, new NewMember("verifier", MemberRoles.Verifier) { KeyFilePath = _scene["verifier.key"], MayRead = true }, Token);
        using var verifier = await _scene.OpenAsync("verifier", _scene["verifier.key"]);
        for (var day = 0; day < 5; day++)
        {
            _scene.Time.Advance(Day);
            await CheckAsync(day < 2 ? verifier : owner, VerificationDepth.Structure);
            await CheckAsync(owner, VerificationDepth.EveryByte);
        }

        Assert.Equal(10, _scene.CountOf("verifications/"));
        await _scene.CollectForAsync(owner, 3);
        Assert.Equal(3, _scene.CountOf("verifications/"));
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        Assert.True(Assert.Single(catalog.Snapshots).IsVerified);
        Assert.Equal(5, catalog.LastReadingOf(snapshot.DataSetId)!.PacksRead);

        Task CheckAsync(UnlockedVault by, VerificationDepth depth) => VerificationRecord.WriteAsync(
            by, snapshot.Reference, new VerificationFinding(by.Now, 1, depth == VerificationDepth.EveryByte ? 5 : 0, 1, default, default, true, 0, depth), Token);
    }

    [Fact]
    public async Task A_marker_of_a_moment_is_all_that_asking_for_the_time_leaves_and_it_is_gone()
    {
        using var owner = await _scene.CreateAsync();
        var clock = await StoreClock.AskAsync(owner, Token);
        Assert.Equal(_scene.Time.GetUtcNow(), clock.AtLeast);
        Assert.Equal(0, _scene.CountOf("condemned/"));
        _scene.Time.Advance(TimeSpan.FromHours(3));
        Assert.Equal(clock.AtLeast + TimeSpan.FromHours(3), clock.AtMost);
    }

    /// <summary>A segment that gives others' packs as the thief's own.</summary>
    private static async Task ClaimAsync(UnlockedVault thief, UnlockedVault owner, IEnumerable<PackId> packs)
    {
        using var index = await ChunkIndexLoader.OpenForReadingAsync(owner, owner.Self, Engine.Telemetry.NullSink.Instance, Token);
        var builder = new IndexSegmentBuilder();
        foreach (var pack in packs)
        {
            var record = (await index.FindPackAsync(pack, Token))!;
            var told = await new IndexRebuilder(owner.Target, SegmentSealings.AccessOf(owner)).ReadTableAsync(record.Id, record.LengthBytes, Token);
            builder.TryAdd(record with { Writer = thief.Self }, told.Entries);
        }

        using var content = new MemoryStream();
        var id = builder.Write(content, SegmentSealings.Of(thief));
        content.Position = 0;
        await thief.Target.PutAsync(IndexSegmentBuilder.NameOf(id), content, PutOptions.Default, Token);
    }

    /// <summary>A run whose line to the target dies when it is about to store its first segment.</summary>
    private async Task BreakOffAsync(UnlockedVault vault)
    {
        using var broken = await _scene.OpenAsync(target: new NoIndexTarget(_scene.Target));
        Assert.Equal(vault.Self, broken.Self);
        await Assert.ThrowsAsync<TargetException>(() => BackupCorridor.RunAsync(broken, new MemorySource(_scene.Files), OptionsFor("shop"), RunContext.Unwatched, Token));
    }

    private sealed class NoIndexTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
            name.Value.StartsWith("index/", StringComparison.Ordinal)
                ? Task.FromException<PutReceipt>(new TargetException(TargetFault.Unavailable, "The line is dead."))
                : base.PutAsync(name, content, options, cancellationToken);
    }
}
