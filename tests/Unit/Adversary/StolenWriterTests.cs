using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>What the key of one backup host is good for in other hands.</summary>
public sealed class StolenWriterTests
{
    [Fact]
    public async Task A_snapshot_of_a_data_set_that_the_key_is_not_for_does_not_count()
    {
        using var scene = await AttackScene.CreateAsync();
        using var thief = await scene.WriterAsync("thief", "mail");
        using var hostile = new HostileWriter(thief);
        await hostile.CommitAsync(hostile.AddPage(Hostile.Folder("r")), "shop");
        using var owner = await scene.OwnerAsync();
        var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
        Assert.Empty(catalog.Snapshots);
        Assert.Equal(FaultCodes.DataSetNotEntitled, Assert.Single(catalog.Problems).Code);
        Assert.Equal(FaultCodes.DataSetNotAllowed, (await Assert.ThrowsAsync<KeyException>(() => scene.BackUpAsync(thief))).Code);
    }

    [Fact]
    public async Task A_name_that_is_not_that_of_the_data_sets_id_does_not_count()
    {
        using var scene = await AttackScene.CreateAsync();
        using var thief = await scene.WriterAsync("thief", "mail");
        using var hostile = new HostileWriter(thief);
        await hostile.CommitAsync(hostile.AddPage(Hostile.Folder("r")), "mail", static summary => summary with { DataSet = "shop" });
        using var owner = await scene.OwnerAsync();
        var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
        Assert.Empty(catalog.Snapshots);
        Assert.Equal(FaultCodes.Malformed, Assert.Single(catalog.Problems).Code);
    }

    [Fact]
    public async Task The_key_reads_nothing_and_signs_nothing_else()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        using var owner = await scene.OwnerAsync();
        using var thief = await scene.WriterAsync("thief");
        var backup = await scene.BackUpAsync(thief);
        Assert.Equal(FaultCodes.NotAReader, (await Assert.ThrowsAsync<KeyException>(() => scene.RestoreAsync(thief, backup.Snapshot))).Code);
        Assert.Equal(FaultCodes.NotAReader, (await Assert.ThrowsAsync<KeyException>(() => scene.VerifyAsync(thief, backup.Snapshot))).Code);
        var export = () => WriterKeys.ExportAsync(thief, "more", scene.KeyPathOf("more"), null, AttackScene.Token);
        Assert.Equal(FaultCodes.NotAnOwner, (await Assert.ThrowsAsync<KeyException>(export)).Code);
        Assert.False(File.Exists(scene.KeyPathOf("more")));

        // Past every check of its own program: the records exist, and count nowhere.
        await RemovalRecord.WriteAsync(thief, [backup.Snapshot], "gone", AttackScene.Token);
        await VerificationRecord.WriteAsync(
            thief, backup.Snapshot.Reference, new VerificationFinding(thief.Now, 2, 2, 100, default, default, true, 0, VerificationDepth.EveryByte), AttackScene.Token);
        await owner.RefreshAsync(AttackScene.Token);
        var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
        Assert.False(Assert.Single(catalog.Snapshots).IsVerified);
        Assert.Equal([FaultCodes.SignerNotEntitled, FaultCodes.SignerNotEntitled], catalog.Problems.Select(static problem => problem.Code));
    }

    [Fact]
    public async Task An_entry_of_the_register_by_a_writer_is_passed_over_told_and_cleared_away_by_an_owner()
    {
        using var scene = await AttackScene.CreateAsync();
        using var thief = await scene.WriterAsync("thief");
        using var evil = SigningKey.Create();
        using var sealing = IdentityKey.Create();
        var member = new MemberAdded("evil", evil.Public, sealing.Recipient, MemberRoles.Owner, null);
        var number = thief.Register.Head.Number + 1;
        var body = RegisterCodec.Encode(new RegisterEntry(number, thief.Register.Head.Hash, thief.Now, [], [member]));
        var header = new ObjectHeader(ObjectKind.RegisterEntry, 0, thief.Id, ObjectId.Random());
        scene.Target.Replace(ObjectNames.RegisterEntry(number), SignedObject.Build(header, body, thief.SelfKey));
        using var owner = await scene.OwnerAsync();
        Assert.Null(owner.Register.Find(member.Id));
        Assert.Contains(scene.Sink.Events, static item => item.Code == FaultCodes.RegisterObstructed);
        var export = () => WriterKeys.ExportAsync(owner, "more", scene.KeyPathOf("more"), null, AttackScene.Token);
        Assert.Equal(FaultCodes.RegisterObstructed, (await Assert.ThrowsAsync<VaultException>(export)).Code);
        Assert.False(File.Exists(scene.KeyPathOf("more")));
        scene.Write("a.txt", "backups go on"u8);
        await scene.BackUpAsync(thief);

        var found = Assert.Single(await RegisterRepair.FindAsync(owner, AttackScene.Token));
        Assert.Equal(ObjectNames.RegisterEntry(number), found.Name);
        await RegisterRepair.RemoveAsync(owner, [found], "planted", AttackScene.Token);
        await export();
        using var reopened = await scene.OwnerAsync();
        Assert.Equal(number + 1, reopened.Register.Head.Number);
        Assert.NotNull(reopened.Register.Members.Values.SingleOrDefault(static member => string.Equals(member.Entry.Name, "more", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_manifest_in_anothers_name_does_not_count()
    {
        using var scene = await AttackScene.CreateAsync();
        using var thief = await scene.WriterAsync("thief");
        using var honest = await scene.WriterAsync("honest");
        await StoreManifestAsync(thief, body => body with { Writer = honest.Self });
        var catalog = await CatalogAsync(scene);
        Assert.Empty(catalog.Snapshots);
        Assert.Equal(FaultCodes.SignerNotEntitled, Assert.Single(catalog.Problems).Code);
    }

    [Fact]
    public async Task A_number_that_comes_twice_with_other_predecessors_is_reported()
    {
        using var scene = await AttackScene.CreateAsync();
        using var thief = await scene.WriterAsync("thief");
        var first = await StoreManifestAsync(thief);
        var second = await StoreManifestAsync(thief, body => body with { Sequence = 1, Previous = first });
        await StoreManifestAsync(thief, body => body with { Sequence = 1, Previous = second });
        var catalog = await CatalogAsync(scene);
        Assert.Equal(3, catalog.Snapshots.Count);
        Assert.Equal(FaultCodes.SequenceRepeated, Assert.Single(catalog.Problems).Code);
    }

    [Fact]
    public async Task A_snapshot_from_the_future_stands_first_only_until_the_next_honest_one()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        using var honest = await scene.WriterAsync("honest");
        using var thief = await scene.WriterAsync("thief");
        await honest.RefreshAsync(AttackScene.Token);
        await scene.BackUpAsync(honest);
        var future = Timestamp.From(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var hostile = new HostileWriter(thief);
        var evil = await hostile.CommitAsync(hostile.AddPage(Hostile.Folder("r")), "shop", summary => summary with { StartedAt = future, EndedAt = future });
        var before = await CatalogAsync(scene);
        Assert.Empty(before.Problems);
        Assert.Equal(evil.Id, before.Snapshots[0].Id);
        Assert.Equal(2100, before.Snapshots[0].EndedAt.ToDateTimeOffset().Year);

        var next = await scene.BackUpAsync(honest);
        var after = await CatalogAsync(scene);
        Assert.Equal(next.Snapshot.Id, after.Snapshots[0].Id);
        Assert.Equal(next.Snapshot.Id, after.Select(new SnapshotQuery { AsOf = scene.Time.GetUtcNow() }).First().Id);
    }

    [Fact]
    public async Task A_manifest_that_names_thousands_of_snapshots_which_never_were_is_answered_soon()
    {
        using var scene = await AttackScene.CreateAsync();
        using var thief = await scene.WriterAsync("thief");
        await StoreManifestAsync(thief, body => body with { Others = [.. Enumerable.Range(0, 60_000).Select(static _ => new ManifestReference(new SnapshotId(Id256.Random()), default))] });
        var catalog = await CatalogAsync(scene).WaitAsync(TimeSpan.FromSeconds(30), AttackScene.Token);
        Assert.Single(catalog.Snapshots);
        Assert.All(catalog.Problems, static problem => Assert.Equal(FaultCodes.SnapshotMissing, problem.Code));
        Assert.NotEmpty(catalog.Problems);
    }

    private static async Task<SnapshotCatalog> CatalogAsync(AttackScene scene)
    {
        using var owner = await scene.OwnerAsync();
        return await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
    }

    /// <summary>A manifest whose signed frame says what the test wants.</summary>
    private static async Task<ManifestReference> StoreManifestAsync(UnlockedVault thief, Func<ManifestBody, ManifestBody>? change = null)
    {
        var header = thief.NewHeader(ObjectKind.Manifest, isSealed: true);
        var body = new ManifestBody(thief.Register.Head, thief.Self, 0, null, [], Id256.Random())
        {
            MetadataPart = MetadataSeal.Seal(thief, header, ManifestCodec.EncodeSummary(HostileWriter.SummaryOf(thief, "shop"))),
            OwnerPart = new OwnerPart(null, ContentRef.Empty, [], [], null).Seal(thief.Register.Epochs[header.Epoch], header),
        };
        var bytes = SignedObject.Build(header, ManifestCodec.EncodeBody(change?.Invoke(body) ?? body), thief.SelfKey);
        var id = new SnapshotId(header.Object.Value);
        await thief.Store.PutAsync(ObjectNames.Manifest(id), bytes, AttackScene.Token);
        return new ManifestReference(id, ContentHash.Of(bytes));
    }
}
