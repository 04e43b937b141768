using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What collections make of the work of members, before and after they are revoked.</summary>
public sealed class RevokedMemberTests : IDisposable
{
    private const int NoteBytes = 1000;

    private static readonly CollectOptions Compacting = new() { MaxUnusedPercent = 30 };

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, true)]
    public async Task What_a_maintainer_compacted_is_still_there_when_the_maintainer_is_not(int days, bool isSwept)
    {
        using var owner = await _scene.CreateAsync();
        using var maintainer = await _scene.OpenMemberAsync(owner, "maintainer", MemberRoles.Maintainer | MemberRoles.Verifier);
        await _scene.HalfEmptyAsync(owner, owner);
        Assert.NotEqual(0, (await _scene.CollectForAsync(maintainer, days, Compacting)).PacksCompacted);
        var moved = (await RelocationMap.LoadAsync(owner, Token)).LeftPacks.ToHashSet();
        Assert.NotEmpty(moved);
        Assert.Equal(isSwept, !moved.IsSubsetOf(_scene.Packs));
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(maintainer.Self, "left"), Token);
        await _scene.RequireIntactAsync(owner);
        await _scene.CollectForAsync(owner, 5);
        await _scene.RequireIntactAsync(owner);
        await _scene.CollectForAsync(owner, 5, Compacting);
        await _scene.BackUpAsync(owner);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task What_a_verifier_said_goes_with_it_and_nothing_else_does()
    {
        using var owner = await _scene.CreateAsync();
        using var eve = await _scene.OpenMemberAsync(owner, "eve", MemberRoles.Verifier);
        using var writer = await _scene.OpenWriterAsync(owner, "shop");
        _scene.Set("a.bin", 20_000, seed: 1);
        var snapshot = (await _scene.BackUpAsync(owner)).Snapshot;
        var finding = new VerificationFinding(owner.Now, 1, 1, 1, default, default, true, 0, VerificationDepth.EveryByte);
        foreach (var verifier in new[] { owner, eve, eve, writer })
        {
            await VerificationRecord.WriteAsync(verifier, snapshot.Reference, finding, Token);
        }

        await ApprovalRecord.WriteAsync(eve, snapshot, Engine.Vault.SnapshotVerdict.Approved, "fine", Token);
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(eve.Self, "left"), Token);

        // What a thief of her key makes of the others' places: a record of hers under another name, and one that only begins like hers.
        var hers = _scene.Target.Objects.Keys.First(static name => name.Value.StartsWith("approvals/", StringComparison.Ordinal));
        var copied = _scene.Target.Objects[hers].ToArray();
        await PutAsync(ObjectNames.ApprovalRecord(ObjectId.Random()), copied);
        copied[^1] ^= 1;
        var broken = ObjectNames.ApprovalRecord(ObjectId.Random());
        await PutAsync(broken, copied);

        var told = (await SnapshotCatalog.LoadAsync(owner, Token)).Problems;
        Assert.Equal(4, told.Count);
        Assert.Contains("3 verification and approval records of eve", Assert.Single(told, static problem => problem.Object is null).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RequestException>(() => CollectAsync(eve));
        Assert.Equal((4, 3), (_scene.CountOf("verifications/"), _scene.CountOf("approvals/")));

        await CollectAsync(owner);
        Assert.Equal((2, 2), (_scene.CountOf("verifications/"), _scene.CountOf("approvals/")));
        var after = await SnapshotCatalog.LoadAsync(owner, Token);
        Assert.All(after.Problems, static problem => Assert.NotNull(problem.Object));
        Assert.True(Assert.Single(after.Snapshots).IsVerified);

        Task PutAsync(ObjectName name, byte[] bytes) => owner.Store.PutAsync(name, bytes, Token);
    }

    [Fact]
    public async Task A_maintainer_who_joined_in_the_third_epoch_collects_what_all_three_left()
    {
        using var owner = await _scene.CreateAsync();
        var early = new List<SnapshotId>();
        for (var epoch = 1; epoch <= 3; epoch++)
        {
            for (var i = 0; i < 6; i++)
            {
                _scene.Set($"stays-{epoch}-{i}.bin", 12_000, seed: (100 * epoch) + i);
                Enumerable.Range(0, 4).ToList().ForEach(part => _scene.Set($"goes-{part}.bin", 12_000, seed: (1000 * epoch) + (10 * i) + part));
                early.Add((await _scene.BackUpAsync(owner)).Snapshot.Id);
                _scene.Time.Advance(TimeSpan.FromMinutes(10));
            }

            if (epoch < 3)
            {
                await EpochRotation.RotateAsync(owner, "yearly", Token);
            }
        }

        using var maintainer = await _scene.OpenMemberAsync(owner, "maintainer", MemberRoles.Maintainer | MemberRoles.Verifier);
        foreach (var id in early.SkipLast(1))
        {
            await _scene.RemoveAsync(maintainer, id);
        }

        _scene.Time.Advance(2 * Day);
        var before = _scene.BytesOf("packs/");
        var total = await _scene.CollectForAsync(maintainer, 8, Compacting);
        Assert.NotEqual(0, total.PacksCompacted);
        Assert.InRange(total.SegmentsMerged, 8, int.MaxValue);
        Assert.True(_scene.BytesOf("packs/") < before * 3 / 4, $"{_scene.BytesOf("packs/")} of {before} bytes are left.");
        Assert.InRange(_scene.CountOf("removals/"), 1, 2);
        await _scene.RequireIntactAsync(owner);
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(maintainer.Self, "left"), Token);
        await _scene.CollectForAsync(owner, 5, Compacting);
        var snapshot = Assert.Single((await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots);
        Assert.Equal(_scene.Expected[snapshot.Id], await ReadBackAsync(owner, snapshot));
    }

    [Fact]
    public async Task A_revoked_maintainers_relocation_of_what_is_there_makes_nobody_store_it_anew()
    {
        using var owner = await _scene.CreateAsync();
        using var thief = await _scene.OpenMemberAsync(owner, "thief", MemberRoles.Maintainer);
        _scene.Set("a.bin", 300_000, seed: 1);
        await _scene.BackUpAsync(owner);
        var packs = _scene.Packs;
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), Token);
        var header = thief.NewHeader(ObjectKind.Relocation, isSealed: true);
        var relocation = new Relocation(thief.Register.Head, [.. packs.Select(pack => (pack, packs.First()))], thief.Now);
        await thief.Store.PutAsync(ObjectNames.Relocation(header.Object), relocation.Seal(header, thief.Keys, thief.SelfKey), Token);
        Assert.InRange((await _scene.BackUpAsync(owner)).BytesStored, 0, 100_000);
        _scene.Time.Advance(2 * Day);
        await _scene.CollectForAsync(owner, 5, Compacting);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_relocation_that_does_not_open_stops_the_collection_where_its_packs_are_needed_and_nowhere_else()
    {
        using var owner = await _scene.CreateAsync();
        _scene.Target.Replace(ObjectNames.Relocation(ObjectId.Random()), new byte[400]);
        await _scene.HalfEmptyAsync(owner, owner);
        Assert.NotEqual(0, (await _scene.CollectForAsync(owner, 6, Compacting)).PacksCompacted);
        await _scene.RequireIntactAsync(owner);
        var good = _scene.Target.Objects.Where(static item => item.Key.Value.StartsWith(ObjectNames.Relocations, StringComparison.Ordinal)).ToDictionary(static item => item.Key, static item => item.Value.ToArray());
        foreach (var (name, bytes) in good)
        {
            _scene.Target.Replace(name, bytes.AsSpan(0, bytes.Length - 1));
        }

        Assert.Equal(FaultCodes.CollectionStopped, (await Assert.ThrowsAsync<VaultException>(() => CollectAsync(owner))).Code);
        foreach (var (name, bytes) in good)
        {
            _scene.Target.Replace(name, bytes);
        }

        await _scene.CollectForAsync(owner, 4);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task Nobody_waits_for_the_session_of_a_revoked_writer()
    {
        using var owner = await _scene.CreateAsync();
        using var thief = await _scene.OpenWriterAsync(owner, "thief");
        var session = Id256.Random();
        var record = new SessionRecord(thief.Register.Head, session, 0, thief.Now, IsEnd: false);
        await thief.Store.PutAsync(
            ObjectNames.Announcement(session, 0), SignedObject.Build(thief.NewHeader(ObjectKind.Session, isSealed: false), record.Encode(), thief.SelfKey), Token);
        var now = _scene.Time.GetUtcNow();
        Assert.True((await SessionBoard.LoadAsync(owner, now, Token)).ClearFrom(now, now) > now);
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), Token);
        Assert.True((await SessionBoard.LoadAsync(owner, now, Token)).ClearFrom(now, now) <= now);
    }

    [Fact]
    public async Task What_a_verifier_attested_is_still_attested_when_segments_were_merged()
    {
        using var owner = await _scene.CreateAsync();
        using var first = await _scene.OpenWriterAsync(owner, "first");
        using var verifier = await _scene.OpenMemberAsync(owner, "verifier", MemberRoles.Verifier);
        for (var i = 0; i < 10; i++)
        {
            _scene.Set($"file-{i}.bin", 30_000, seed: i);
            var backup = await _scene.BackUpAsync(first);
            var request = new VerifyRequest(verifier.RequireReader(), backup.Snapshot, await SnapshotCatalog.LoadAsync(verifier, Token)) { ReadsData = true };
            Assert.NotEqual(0, (await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token)).PacksAttested);
        }

        Assert.Equal(10, (await _scene.CollectForAsync(owner, 4)).SegmentsMerged);
        Assert.Equal(11, _scene.CountOf("index/"));
        using var other = await _scene.OpenWriterAsync(owner, "other");
        Assert.InRange((await _scene.BackUpAsync(other)).BytesStored, 0, 60_000);
        await _scene.RequireIntactAsync(owner);
    }

    [Theory]
    [InlineData(MemberRoles.Verifier)]
    [InlineData(MemberRoles.Maintainer)]
    public async Task A_false_word_about_a_good_pack_does_not_outlive_its_member_in_a_merged_segment(MemberRoles role)
    {
        using var owner = await _scene.CreateAsync();
        using var thief = await _scene.OpenMemberAsync(owner, "thief", role);
        for (var i = 0; i < 10; i++)
        {
            _scene.Set($"note-{i}.txt", NoteBytes, seed: i);
            await _scene.BackUpAsync(owner);
        }

        _scene.Set("wanted.txt", NoteBytes, seed: 77);
        await SayFalselyAsync(thief, owner, _scene.Files["wanted.txt"].Bytes, role == MemberRoles.Verifier);
        Assert.InRange((await CollectAsync(owner)).SegmentsMerged, 10, 11);
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), Token);
        await _scene.CollectForAsync(owner, 4);
        await _scene.BackUpAsync(owner);
        await _scene.RequireIntactAsync(owner);
    }

    /// <summary>A segment by which a good pack of the owner holds what it does not.</summary>
    private async Task SayFalselyAsync(UnlockedVault thief, UnlockedVault owner, byte[] wanted, bool isAttestation)
    {
        using var index = await ChunkIndexLoader.OpenForReadingAsync(owner, owner.Self, NullSink.Instance, Token);
        var tables = new IndexRebuilder(owner.Target, SegmentSealings.AccessOf(owner));
        foreach (var pack in _scene.Packs)
        {
            var record = (await index.FindPackAsync(pack, Token))!;
            var real = (await tables.ReadTableAsync(record.Id, record.LengthBytes, Token)).Entries.Where(static entry => entry.PlainBytes == NoteBytes).ToList();
            if (real.Count == 0)
            {
                continue;
            }

            var builder = new IndexSegmentBuilder();
            Assert.True(builder.TryAdd(record, [real[0] with { Chunk = owner.Keys.ChunkId.IdOf(DomainId.Vault, wanted) }]));
            using var content = new MemoryStream();
            var id = builder.Write(content, SegmentSealings.Of(thief) with { IsAttestation = isAttestation });
            await thief.Store.PutAsync(IndexSegmentBuilder.NameOf(id), content.ToArray(), Token);
            return;
        }

        Assert.Fail("No pack holds a note.");
    }
}
