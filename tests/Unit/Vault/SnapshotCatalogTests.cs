using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class SnapshotCatalogTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task What_a_writer_commits_its_owner_reads()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop", "crm");
        var first = await _bench.BackUpAsync(writer, tags: ["b", "a"]);
        var second = await _bench.BackUpAsync(writer);
        var catalog = await LoadAsync(owner);
        Assert.Empty(catalog.Problems);
        Assert.Equal([second.Id, first.Id], catalog.Snapshots.Select(static snapshot => snapshot.Id));
        Assert.Equal((1UL, first.Reference), (catalog.Snapshots[0].Sequence, catalog.Snapshots[0].Body.Previous!.Value));
        Assert.Equal("a,b", string.Join(',', catalog.Snapshots[1].Tags));
        var part = owner.RequireReader().OpenOwnerPart(catalog.Snapshots[0]);
        Assert.Equal(("/srv/crm", "*.tmp", 1), (part.Roots[0].OriginalPath, part.Rules[0], part.ListingRoot!.Level));
        Assert.Equal(3, (await ReferenceSet.ReadAllAsync(owner, catalog.Snapshots[0], CancellationToken.None)).Count);
        Assert.Equal(first.Id, Assert.Single(catalog.Select(new SnapshotQuery { Tags = ["a"], DataSet = "crm", AsOf = _bench.Time.GetUtcNow() })).Id);
        Assert.Equal(first.Id, catalog.Resolve(first.Id.ToString()[..20].ToUpperInvariant()).Id);
        Assert.Same(FaultCodes.NoSuchSnapshot, Assert.Throws<VaultException>(() => catalog.Resolve("no")).Code);
        for (var i = 0; i < 17; i++)
        {
            await _bench.BackUpAsync(writer);
        }

        catalog = await LoadAsync(owner);
        var shared = catalog.Snapshots.GroupBy(static snapshot => snapshot.Id.ToString()[..1], StringComparer.Ordinal).First(static group => group.Count() > 1).Key;
        Assert.Same(FaultCodes.AmbiguousSnapshot, Assert.Throws<VaultException>(() => catalog.Resolve(shared)).Code);
    }

    [Fact]
    public async Task A_manifest_of_a_data_set_its_writer_may_not_write_is_left_out()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop", "crm");
        var good = await _bench.BackUpAsync(writer);
        await _bench.BackUpAsync(writer, "payroll");
        var summary = VaultBench.SummaryOf(writer, "payroll", [], []) with { DataSetId = writer.Keys.DataSetIdOf("crm") };
        await new ManifestWriter(writer, await LoadAsync(writer)).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), CancellationToken.None);
        var catalog = await LoadAsync(owner);
        Assert.Equal(good.Id, Assert.Single(catalog.Snapshots).Id);
        Assert.Equal([3020, 5031], catalog.Problems.Select(static problem => problem.Code.Number).Order());
        Assert.Contains(catalog.Problems, static problem => problem.Code == FaultCodes.DataSetNotEntitled);
        catalog.ReportProblems(_bench.Sink);
        Assert.Contains(FaultCodes.DataSetNotEntitled, _bench.Sink.Codes);
    }

    [Fact]
    public async Task A_snapshot_that_vanished_is_missed_by_its_followers_and_by_the_host()
    {
        using var owner = await _bench.CreateAsync();
        var first = await _bench.BackUpAsync(owner);
        var second = await _bench.BackUpAsync(owner);
        await LoadAsync(owner);
        _bench.Target.Remove(ObjectNames.Manifest(first.Id));
        Assert.Equal(FaultCodes.SnapshotMissing, Assert.Single((await LoadAsync(owner)).Problems).Code);
        _bench.Target.Remove(ObjectNames.Manifest(second.Id));
        for (var i = 0; i < 2; i++)
        {
            var catalog = await LoadAsync(owner);
            Assert.Contains(second.Id.ToString(), Assert.Single(catalog.Problems).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_removal_record_explains_what_is_gone_and_the_chain_goes_on()
    {
        using var owner = await _bench.CreateAsync();
        var first = await _bench.BackUpAsync(owner);
        var second = await _bench.BackUpAsync(owner);
        await RemovalRecord.WriteAsync(owner, [second], "test data", CancellationToken.None);

        // Removed already, though its manifest still lies there.
        Assert.Equal(first.Id, Assert.Single((await LoadAsync(owner)).Snapshots).Id);
        _bench.Target.Remove(ObjectNames.Manifest(second.Id));
        var third = await _bench.BackUpAsync(owner);
        var catalog = await LoadAsync(owner);
        Assert.Empty(catalog.Problems);
        Assert.Equal((2UL, second.Reference), (third.Sequence, third.Body.Previous!.Value));
    }

    [Fact]
    public async Task Records_of_members_without_the_right_count_for_nothing()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        var snapshot = await _bench.BackUpAsync(writer);
        await RemovalRecord.WriteAsync(writer, [snapshot], "mine", CancellationToken.None);
        await VerificationRecord.WriteAsync(writer, snapshot.Reference, Finding(0), CancellationToken.None);
        var catalog = await LoadAsync(owner);
        Assert.False(Assert.Single(catalog.Snapshots).IsVerified);
        Assert.All(catalog.Problems, static problem => Assert.Equal(FaultCodes.SignerNotEntitled, problem.Code));
        Assert.Equal(2, catalog.Problems.Count);
    }

    [Fact]
    public async Task Verified_is_what_was_found_without_a_fault()
    {
        using var owner = await _bench.CreateAsync();
        var snapshot = await _bench.BackUpAsync(owner);
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Finding(3) with { Time = new Timestamp(49, 0) }, CancellationToken.None);
        Assert.False((await LoadAsync(owner)).Snapshots[0].IsVerified);
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Finding(0), CancellationToken.None);
        var catalog = await LoadAsync(owner);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(50), catalog.Snapshots[0].LastVerifiedAt);
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Finding(1) with { Time = new Timestamp(51, 0) }, CancellationToken.None);
        Assert.False((await LoadAsync(owner)).Snapshots[0].IsVerified);
    }

    [Fact]
    public async Task The_next_check_goes_on_from_the_newest_one_that_read_data_of_any_snapshot_of_the_data_set()
    {
        using var owner = await _bench.CreateAsync();
        var first = await _bench.BackUpAsync(owner);
        var second = await _bench.BackUpAsync(owner);
        Assert.Null((await LoadAsync(owner)).LastReadingOf(first.DataSetId));
        var finding = Finding(0) with { Depth = VerificationDepth.EveryByte, LastPlace = Id256.Random() };
        await VerificationRecord.WriteAsync(owner, first.Reference, finding, CancellationToken.None);
        await VerificationRecord.WriteAsync(owner, second.Reference, Finding(0) with { Depth = VerificationDepth.Structure, Time = new Timestamp(99, 0) }, CancellationToken.None);
        var catalog = await LoadAsync(owner);
        Assert.Equal(finding, catalog.LastReadingOf(second.DataSetId));
        Assert.Null(catalog.LastReadingOf(owner.Keys.DataSetIdOf("another")));
    }

    [Fact]
    public async Task A_revoked_writer_keeps_the_snapshots_that_its_revocation_names_with_their_ancestors()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        var first = await _bench.BackUpAsync(writer);
        var second = await _bench.BackUpAsync(writer);
        var stolen = await _bench.BackUpAsync(writer);
        await owner.AppendAsync([new Revocation(writer.Self, [second.Hash])], CancellationToken.None);
        var catalog = await LoadAsync(owner);
        Assert.Equal([second.Id, first.Id], catalog.Snapshots.Select(static snapshot => snapshot.Id));
        Assert.Contains(stolen.Id.ToString(), Assert.Single(catalog.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_at_once_are_valid_and_two_copies_of_one_writer_are_reported()
    {
        using var owner = await _bench.CreateAsync();
        await _bench.BackUpAsync(owner);
        var stale = await LoadAsync(owner);
        var summary = VaultBench.SummaryOf(owner, "crm", [], []);
        await new ManifestWriter(owner, stale).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), CancellationToken.None);
        var second = await LoadAsync(owner);
        await new ManifestWriter(owner, stale).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), CancellationToken.None);
        Assert.Empty((await LoadAsync(owner)).Problems);
        var third = await new ManifestWriter(owner, second).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), CancellationToken.None);
        var other = (await LoadAsync(owner)).Snapshots.First(snapshot => snapshot.Sequence == 1 && snapshot.Reference != third.Body.Previous);
        var body = third.Body with { Previous = other.Reference };
        var header = owner.NewHeader(ObjectKind.Manifest, isSealed: true);
        body = body with { MetadataPart = MetadataSeal.Seal(owner, header, ManifestCodec.EncodeSummary(summary)) };
        _bench.Target.Replace(ObjectNames.Manifest(new SnapshotId(header.Object.Value)), SignedObject.Build(header, ManifestCodec.EncodeBody(body), owner.SelfKey));
        Assert.Equal(FaultCodes.SequenceRepeated, Assert.Single((await LoadAsync(owner)).Problems).Code);
    }

    [Fact]
    public async Task A_replayed_manifest_is_refused_and_blocks_nothing()
    {
        using var owner = await _bench.CreateAsync();
        using var other = new VaultBench();
        using var foreign = await other.CreateAsync();
        var snapshot = await _bench.BackUpAsync(owner);
        var alien = await other.BackUpAsync(foreign);
        var bytes = _bench.Target.Objects[ObjectNames.Manifest(snapshot.Id)];
        _bench.Target.Replace(ObjectNames.Manifest(new SnapshotId(Id256.Random())), bytes.Span);
        _bench.Target.Replace(ObjectNames.Manifest(alien.Id), other.Target.Objects[ObjectNames.Manifest(alien.Id)].Span);
        var catalog = await LoadAsync(owner);
        Assert.Equal(snapshot.Id, Assert.Single(catalog.Snapshots).Id);
        Assert.Equal([FaultCodes.ObjectMisplaced, FaultCodes.ObjectMisplaced], catalog.Problems.Select(static problem => problem.Code));
    }

    [Fact]
    public async Task A_snapshot_whose_author_knew_a_newer_register_tells_of_the_rollback()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        await owner.AppendAsync([VaultPolicy.Default], CancellationToken.None);
        var snapshot = await _bench.BackUpAsync(owner);
        _bench.Target.Remove(ObjectNames.RegisterEntry(1));
        using var back = await _bench.OpenByPassphraseAsync(host: "empty");
        var catalog = await LoadAsync(back);
        Assert.Equal(snapshot.Id, Assert.Single(catalog.Snapshots).Id);
        Assert.Equal(FaultCodes.VaultRolledBack, Assert.Single(catalog.Problems).Code);
    }

    [Fact]
    public async Task A_vault_that_stayed_open_takes_in_what_others_added_to_the_register()
    {
        using var owner = await _bench.CreateAsync();
        using var open = await _bench.OpenByFileAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "late");
        var snapshot = await _bench.BackUpAsync(writer);
        var catalog = await LoadAsync(open);
        Assert.Empty(catalog.Problems);
        Assert.Equal(snapshot.Id, Assert.Single(catalog.Snapshots).Id);
        Assert.Equal(owner.Register.Head, open.Register.Head);
    }

    [Theory]
    [InlineData("snapshots/")]
    [InlineData("removals/")]
    [InlineData("verifications/")]
    [InlineData("refs/")]
    public async Task No_flipped_bit_is_accepted(string folder)
    {
        using var owner = await _bench.CreateAsync();
        var snapshot = await _bench.BackUpAsync(owner);
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Finding(0), CancellationToken.None);
        if (folder is ObjectNames.Removals)
        {
            await RemovalRecord.WriteAsync(owner, [snapshot], "reason", CancellationToken.None);
        }

        var name = _bench.Single(folder);
        var good = _bench.Target.Objects[name].ToArray();
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            _bench.Target.Replace(name, bad);
            if (folder is ObjectNames.ReferencePages)
            {
                await Assert.ThrowsAnyAsync<BackupException>(() => ReferenceSet.ReadAllAsync(owner, snapshot, CancellationToken.None));
            }
            else
            {
                Assert.NotEmpty((await LoadAsync(owner)).Problems);
            }
        }
    }

    [Fact]
    public async Task Reference_sets_share_their_pages_and_come_back_whole()
    {
        using var owner = await _bench.CreateAsync();
        // Not any ids: a page that ends for its length alone moves the next one's beginning, which is rare and is right.
        var random = new Random(1);
        ulong Next() => (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        var packs = Enumerable.Range(0, 10_000).Select(_ => new PackId(new Id256(Next(), Next(), Next(), Next()))).Order().ToList();
        var pages = await ReferenceSet.WriteAsync(owner, packs, CancellationToken.None);
        var count = _bench.Target.Objects.Count;
        PackId[] more = [.. packs.Append(new PackId(new Id256(1, 2, 3, 5))).Order()];
        var later = await ReferenceSet.WriteAsync(owner, more, CancellationToken.None);
        Assert.InRange(_bench.Target.Objects.Count - count, 1, 1);
        Assert.Equal(pages.Skip(1), later.Skip(1));
        var found = new List<PackId>();
        await foreach (var pack in ReferenceSet.ReadAsync(owner, later, CancellationToken.None))
        {
            found.Add(pack);
        }

        Assert.Equal(more, found);
        await VaultBench.RefusedAsync(FaultCodes.Malformed, async () =>
        {
            await foreach (var _ in ReferenceSet.ReadAsync(owner, [.. later.Reverse()], CancellationToken.None))
            {
            }
        });
    }

    [Fact]
    public void Summaries_and_owner_parts_come_back_as_they_were_written() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Int[0, 2], Gen.String[Gen.Char['a', 'z'], 0, 40].Array[0, 5]).Sample((number, outcome, tags) =>
        {
            var summary = new SnapshotSummary
            {
                DataSetId = new DataSetId(Id256.Random()), DataSet = "crm", StartedAt = new Timestamp(number, 1), EndedAt = new Timestamp(-1, 2), HostName = "h",
                Tags = tags, EntryCount = number, FileCount = number / 2, ContentBytes = number / 3, StoredBytes = 1, FaultCount = 2, Outcome = (SnapshotOutcome)outcome,
                ReferencePages = [ObjectId.Random()], PackCount = 3,
            };
            var encoded = ManifestCodec.EncodeSummary(summary);
            var decoded = ManifestCodec.DecodeSummary(encoded, "summary");
            Assert.Equal(encoded, ManifestCodec.EncodeSummary(decoded));
            Assert.Equal(summary with { Tags = decoded.Tags, ReferencePages = decoded.ReferencePages }, decoded);
            var part = VaultBench.SomeOwnerPart();
            Assert.Equal(part.Encode(), OwnerPart.Decode(part.Encode(), "part").Encode());
            Assert.Equal(Finding(number), VerificationRecord.DecodeFinding(VerificationRecord.EncodeFinding(Finding(number)), "finding"));
        });

    [Fact]
    public void A_summary_that_lacks_a_part_is_malformed()
    {
        Assert.Equal(4, ManifestCodec.DecodeSummary(Without(-1), "summary").EntryCount);
        for (var left = 0; left < 14; left++)
        {
            Assert.Same(FaultCodes.Malformed, Assert.Throws<IntegrityException>(() => ManifestCodec.DecodeSummary(Without(left), "summary")).Code);
        }
    }

    private static byte[] Without(int left)
    {
        Action<CborMapWriter>[] parts =
        [
            static writer => writer.Id(Id256.Random()), static writer => writer.Text("crm"), static writer => writer.Time(default), static writer => writer.Time(default), static writer => writer.Text("h"),
            static writer => writer.Array<string>([], static (item, tag) => item.Text(tag)), static writer => writer.Int(4), static writer => writer.Int(5), static writer => writer.Int(6), static writer => writer.Int(7),
            static writer => writer.Int(0), static writer => writer.Array<ObjectId>([], static (item, page) => item.Id(page.Value)), static writer => writer.Int(8), static writer => writer.Int(9),
        ];
        var writer = new CborMapWriter().BeginMap();
        for (var key = 0; key < parts.Length; key++)
        {
            if (key != left)
            {
                parts[key](writer.Key(key));
            }
        }

        return writer.EndMap().Encode();
    }

    private static VerificationFinding Finding(long faults) =>
        new(new Timestamp(50, 0), 3, 2, 100, Id256.Read(new byte[32]), Id256.Random(), true, faults, VerificationDepth.EveryByte) { LastPlace = new Id256(1, 2, 3, 4) };

    private static Task<SnapshotCatalog> LoadAsync(UnlockedVault vault) => SnapshotCatalog.LoadAsync(vault, CancellationToken.None);
}
