using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>What a host keeps in mind of the signatures that it verified saves work, and decides nothing that storage or another member could use.</summary>
public sealed class ProvenSignatureCacheTests : IDisposable
{
    private const int Snapshots = ProvenSignatureCache.WrittenFrom + 3;

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task All_that_a_catalog_verified_is_known_to_the_next_and_only_enough_that_is_new_is_written()
    {
        using var owner = await CreateAsync();
        var cache = new ProvenSignatureCache(owner);
        Assert.Equal(Snapshots, NewOnesOf(owner, cache));
        await LoadAsync(owner);
        Assert.Equal(0, NewOnesOf(owner, cache));

        var written = await File.ReadAllBytesAsync(cache.FilePath, None);
        await _bench.BackUpAsync(owner);
        Assert.Equal(Snapshots + 1, (await LoadAsync(owner)).Snapshots.Count);
        Assert.Equal(written, await File.ReadAllBytesAsync(cache.FilePath, None));
        Assert.Equal(1, NewOnesOf(owner, cache));
    }

    [Fact]
    public async Task A_manifest_that_changed_since_is_refused()
    {
        using var owner = await CreateAsync();
        var victim = (await LoadAsync(owner)).Snapshots[3];
        var name = ObjectNames.Manifest(victim.Id);
        var good = _bench.Target.Objects[name].ToArray();
        foreach (var at in new[] { good.Length - 1, good.AsSpan().IndexOf(victim.Body.MetadataPart.Span) + 50 })
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= 1;
            _bench.Target.Replace(name, bad);
            var catalog = await LoadAsync(owner);
            Assert.Contains(catalog.Problems, problem => problem.Code == FaultCodes.SignatureInvalid && problem.Object == name);
            Assert.DoesNotContain(catalog.Snapshots, snapshot => snapshot.Id == victim.Id);
        }
    }

    /// <summary>The price of it: whoever has the member's key can say that a forged one was verified. Who judges what the store keeps, or deletes there, does not ask.</summary>
    [Fact]
    public async Task What_this_member_knows_is_relied_on_but_by_runs_that_judge_the_store()
    {
        using var owner = await CreateAsync();
        var victim = (await LoadAsync(owner)).Snapshots[3];
        var name = ObjectNames.Manifest(victim.Id);
        var forged = _bench.Target.Objects[name].ToArray();
        forged[^1] ^= 1;
        _bench.Target.Replace(name, forged);
        var signedBytes = ObjectHeader.SizeBytes + sizeof(uint) + SignedObject.Parse(forged).Body.Length;
        var signer = owner.Register.Find(victim.Writer)!.Key;
        await PlantAsync(owner, owner.Id, [ContentHash.Of([.. signer.Value.ToArray(), .. ContentHash.Of(forged.AsSpan(0, signedBytes)).Value.ToArray(), .. forged.AsSpan(forged.Length - VerifyKey.SignatureBytes)]).Value]);
        Assert.Contains((await LoadAsync(owner)).Snapshots, snapshot => snapshot.Id == victim.Id);

        using var check = new RunLimits { ReadsStore = true }.Apply(owner, _bench.Sink, isShared: false);
        Assert.DoesNotContain((await LoadAsync(check)).Snapshots, snapshot => snapshot.Id == victim.Id);
    }

    [Fact]
    public async Task What_was_known_of_another_vault_is_not_known_here()
    {
        using var owner = await CreateAsync();
        var all = new ProvenSignatures(new HashSet<Id256>());
        Assert.Equal(Snapshots, NewOnesOf(owner, all));
        await PlantAsync(owner, new VaultId(Id256.Random()), [.. all.Seen]);
        Assert.Equal(Snapshots, NewOnesOf(owner, new ProvenSignatureCache(owner)));
        await PlantAsync(owner, owner.Id, [.. all.Seen]);
        Assert.Equal(0, NewOnesOf(owner, new ProvenSignatureCache(owner)));
        await PlantAsync(owner, owner.Id, [.. all.Seen], excess: 1);
        Assert.Equal(Snapshots, NewOnesOf(owner, new ProvenSignatureCache(owner)));
    }

    [Fact]
    public async Task Records_of_a_member_that_was_removed_count_no_more()
    {
        using var owner = await _bench.CreateAsync();
        var snapshot = await _bench.BackUpAsync(owner);
        await MemberAdmission.AddAsync(owner, new NewMember("eve", MemberRoles.Verifier) { KeyFilePath = _bench["eve.key"] }, None);
        using var eve = await _bench.OpenByFileAsync(_bench["eve.key"], "eve");
        var finding = new VerificationFinding(owner.Now, 1, 1, 1, default, default, true, 0, VerificationDepth.EveryByte);
        for (var i = 0; i < Snapshots; i++)
        {
            await VerificationRecord.WriteAsync(eve, snapshot.Reference, finding, None);
        }

        Assert.True((await LoadAsync(owner)).Snapshots.Single().IsVerified);
        Assert.Equal(0, NewOnesOf(owner, new ProvenSignatureCache(owner).Open(), ObjectNames.Verifications));
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(eve.Self, "gone"), None);
        var catalog = await LoadAsync(owner);
        Assert.False(catalog.Snapshots.Single().IsVerified);
        Assert.Equal(FaultCodes.SignerNotEntitled, Assert.Single(catalog.Problems).Code);
    }

    [Fact]
    public async Task Rights_are_judged_anew()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "shop01");
        var trusted = await _bench.BackUpAsync(thief);
        for (var i = 0; i < Snapshots; i++)
        {
            await _bench.BackUpAsync(thief);
        }

        Assert.Equal(Snapshots + 1, (await LoadAsync(owner)).Snapshots.Count);
        Assert.Equal(0, NewOnesOf(owner, new ProvenSignatureCache(owner)));
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen") { LastTrusted = [trusted] }, None);
        Assert.Equal([trusted.Id], (await LoadAsync(owner)).Snapshots.Select(static snapshot => snapshot.Id));
    }

    [Fact]
    public async Task Neither_another_member_nor_another_vault_takes_the_file_for_its_own()
    {
        using var owner = await CreateAsync();
        await LoadAsync(owner);
        var bytes = await File.ReadAllBytesAsync(new ProvenSignatureCache(owner).FilePath, None);
        await WriterKeys.ExportAsync(owner, "shop01", _bench["shop01.key"], null, None);
        using var writer = await _bench.OpenByFileAsync(_bench["shop01.key"]);
        var foreign = new ProvenSignatureCache(writer);
        Assert.NotEqual(new ProvenSignatureCache(owner).FilePath, foreign.FilePath);
        await File.WriteAllBytesAsync(foreign.FilePath, bytes, None);
        Assert.Equal(Snapshots, NewOnesOf(writer, foreign));

        using var other = new VaultBench();
        using var elsewhere = await other.CreateAsync();
        var away = new ProvenSignatureCache(elsewhere);
        Directory.CreateDirectory(Path.GetDirectoryName(away.FilePath)!);
        await File.WriteAllBytesAsync(away.FilePath, bytes, None);
        Assert.Equal(Snapshots, NewOnesOf(owner, away));
    }

    [Fact]
    public async Task A_damaged_file_is_as_good_as_none_and_is_written_anew()
    {
        using var owner = await CreateAsync();
        await LoadAsync(owner);
        var cache = new ProvenSignatureCache(owner);
        var good = await File.ReadAllBytesAsync(cache.FilePath, None);
        foreach (var at in new[] { 0, 9, ObjectHeader.SizeBytes - 1, ObjectHeader.SizeBytes, ObjectHeader.SizeBytes + ObjectKey.CommitmentBytes, good.Length - 1 })
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= 1;
            await RequireNewAsync(bad);
        }

        foreach (var length in new[] { 0, 1, ObjectHeader.SizeBytes, ObjectHeader.SizeBytes + ObjectKey.CommitmentBytes, good.Length - Id256.SizeBytes, good.Length - 1 })
        {
            await RequireNewAsync(good[..length]);
        }

        async Task RequireNewAsync(byte[] bad)
        {
            await File.WriteAllBytesAsync(cache.FilePath, bad, None);
            Assert.Equal(Snapshots, NewOnesOf(owner, cache));
            var catalog = await LoadAsync(owner);
            Assert.Equal((Snapshots, 0), (catalog.Snapshots.Count, catalog.Problems.Count));
            Assert.Equal(0, NewOnesOf(owner, cache));
        }
    }

    [Fact]
    public async Task What_is_no_longer_asked_for_is_forgotten()
    {
        using var owner = await CreateAsync();
        await LoadAsync(owner);
        var cache = new ProvenSignatureCache(owner);
        var others = cache.Open();
        for (var i = 0; i < ProvenSignatureCache.WrittenFrom; i++)
        {
            var hash = new ContentHash(Id256.Random());
            var signature = new byte[VerifyKey.SignatureBytes];
            owner.SelfKey.Sign(hash, signature);
            Assert.True(others.Verify(owner.SelfKey.Public, hash, signature));
        }

        await cache.KeepAsync(others, None);
        Assert.Equal(Snapshots, NewOnesOf(owner, cache));
    }

    [Fact]
    public async Task A_host_that_can_keep_nothing_verifies_each_time_and_says_so()
    {
        using var owner = await CreateAsync();
        var cache = new ProvenSignatureCache(owner);
        Directory.CreateDirectory(cache.FilePath);
        var catalog = await LoadAsync(owner);
        Assert.Equal((Snapshots, 0), (catalog.Snapshots.Count, catalog.Problems.Count));
        Assert.Contains(FaultCodes.HostStateUnusable, _bench.Sink.Codes);
        Assert.Equal(Snapshots, NewOnesOf(owner, cache));
    }

    private async Task<UnlockedVault> CreateAsync()
    {
        var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "another");
        for (var i = 0; i < Snapshots; i++)
        {
            await _bench.BackUpAsync(writer);
        }

        return owner;
    }

    private static Task<SnapshotCatalog> LoadAsync(UnlockedVault vault) => SnapshotCatalog.LoadAsync(vault, None);

    /// <summary>What whoever has this member's key can put in the place of the file.</summary>
    private static async Task PlantAsync(UnlockedVault vault, VaultId id, Id256[] known, int excess = 0)
    {
        var header = new ObjectHeader(ObjectKind.HostCache, 0, id, ObjectId.Random());
        var file = new byte[ObjectHeader.SizeBytes];
        header.Write(file);
        using var root = DerivedKey.Derive(vault.SelfKey, "sb1/proven"u8);
        byte[] plain = [.. known.SelectMany(static name => name.ToArray()), .. new byte[excess]];
        await File.WriteAllBytesAsync(new ProvenSignatureCache(vault).FilePath, [.. file, .. SealedBlob.Seal(new ObjectKey(root.Bytes, header, SealPurpose.Cache), plain)], None);
    }

    /// <summary>Of the manifests that are there, those which are not known to be signed as they are.</summary>
    private int NewOnesOf(UnlockedVault vault, ProvenSignatureCache cache) => NewOnesOf(vault, cache.Open());

    private int NewOnesOf(UnlockedVault vault, ProvenSignatures proven, string folder = ObjectNames.Manifests)
    {
        foreach (var (_, bytes) in _bench.Target.Objects.Where(pair => ObjectNames.TryParseId(pair.Key, folder, out var _)))
        {
            Assert.Single(SignedObject.Parse(bytes).Verify(vault.Register, proven));
        }

        return proven.NewCount;
    }
}
