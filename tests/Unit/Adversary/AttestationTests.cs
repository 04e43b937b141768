using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>Hosts rely on each other's packs once a verifier has read them, and never on a thief's word.</summary>
public sealed class AttestationTests
{
    private static CancellationToken Token => AttackScene.Token;

    [Fact]
    public async Task An_honest_hosts_packs_are_used_by_others_once_a_verifier_has_read_them()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        using var first = await scene.WriterAsync("first");
        var backup = await scene.BackUpAsync(first);
        using (var before = await scene.WriterAsync("before"))
        {
            Assert.InRange((await scene.BackUpAsync(before)).BytesStored, 3_000_000, long.MaxValue);
        }

        using var verifier = await VerifierAsync(scene);
        var check = await scene.VerifyAsync(verifier, backup.Snapshot);
        Assert.Empty(check.Faults);
        Assert.Equal(check.PacksTotal, check.PacksAttested);
        using var after = await scene.WriterAsync("after");
        var relying = await scene.BackUpAsync(after);
        Assert.InRange(relying.BytesStored, 0, 100_000);

        // What others stored it can restore, and a second check attests nothing twice.
        using var owner = await scene.OwnerAsync();
        Assert.Empty((await scene.VerifyAsync(owner, relying.Snapshot)).Faults);
        Assert.Equal(0, scene.RequireNothingWrong((await scene.RestoreAsync(owner, relying.Snapshot)).Path));
        Assert.Equal(0, (await scene.VerifyAsync(verifier, backup.Snapshot)).PacksAttested);

        // The verifier's key was stolen: its word counts no more, and nothing is lost by it.
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(verifier.Self, "stolen"), Token);
        using var later = await scene.WriterAsync("later");
        Assert.InRange((await scene.BackUpAsync(later)).BytesStored, 3_000_000, long.MaxValue);
        Assert.Equal(0, scene.RequireNothingWrong((await scene.RestoreAsync(owner, relying.Snapshot)).Path));
    }

    [Fact]
    public async Task A_thiefs_pack_that_names_a_false_chunk_is_relied_on_neither_before_a_check_nor_after_it()
    {
        using var scene = await AttackScene.CreateAsync();
        var wanted = scene.WriteRandom("a.bin", 200_000, seed: 1);
        using var thief = await scene.WriterAsync("thief");
        using var hostile = new HostileWriter(thief);
        hostile.AddAs(thief.Keys.ChunkId.IdOf(DomainId.Vault, wanted), new byte[wanted.Length]);
        var planted = await hostile.CommitAsync(hostile.AddPage(Hostile.Folder("r")));
        await RequireNotFooledAsync(scene, "before");
        using var verifier = await VerifierAsync(scene);
        var check = await scene.VerifyAsync(verifier, planted);
        Assert.NotEmpty(check.Faults);
        Assert.Equal(0, check.PacksAttested);
        await RequireNotFooledAsync(scene, "after");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thiefs_later_word_on_a_pack_that_was_attested_is_not_the_verifiers(bool hasOtherHash)
    {
        using var scene = await AttackScene.CreateAsync();
        var wanted = scene.WriteRandom("a.bin", 200_000, seed: 1);
        using var thief = await scene.WriterAsync("thief");
        using var hostile = new HostileWriter(thief);
        hostile.Add(new byte[200_000]);
        var honest = await hostile.CommitAsync(hostile.AddPage(Hostile.Folder("r")));
        using var verifier = await VerifierAsync(scene);
        Assert.Equal(1, (await scene.VerifyAsync(verifier, honest)).PacksAttested);

        var real = hostile.Entries[0];
        var pack = await PackOfAsync(thief, real.Chunk);
        hostile.Entries.Clear();
        hostile.Entries.Add(real with { Chunk = thief.Keys.ChunkId.IdOf(DomainId.Vault, wanted) });
        await hostile.StoreSegmentAsync(hasOtherHash ? pack with { Sha256 = ContentHash.Of([1]) } : pack);
        await RequireNotFooledAsync(scene, "victim");
    }

    [Fact]
    public async Task A_writer_that_calls_its_segment_an_attestation_is_refused_and_so_is_a_verifiers_other_segment()
    {
        using var scene = await AttackScene.CreateAsync();
        var wanted = scene.WriteRandom("a.bin", 200_000, seed: 1);
        using var thief = await scene.WriterAsync("thief");
        using var hostile = new HostileWriter(thief);
        hostile.AddAs(thief.Keys.ChunkId.IdOf(DomainId.Vault, wanted), new byte[wanted.Length]);
        var pack = await hostile.StorePackAsync();
        await StoreAsync(thief, pack, hostile.Entries, isAttestation: true);
        using var verifier = await VerifierAsync(scene);
        await StoreAsync(verifier, pack, hostile.Entries, isAttestation: false);
        using var owner = await scene.OwnerAsync();
        using var catalog = await SegmentCatalog.LoadAsync(owner.Target, SegmentSealings.AccessOf(owner), new PageCache(), Token);
        Assert.Equal([FaultCodes.SignerNotEntitled, FaultCodes.SignerNotEntitled], catalog.Problems.Select(static problem => problem.Fault.Code));
        await RequireNotFooledAsync(scene, "victim");
    }

    [Fact]
    public async Task The_policy_widens_trust_to_every_members_word()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        using var first = await scene.WriterAsync("first");
        await scene.BackUpAsync(first);
        using var owner = await scene.OwnerAsync();
        await PolicyChange.ApplyAsync(owner, new NewPolicy { DeduplicationTrust = TrustedPacks.AllMembers }, Token);
        using var second = await scene.WriterAsync("second");
        Assert.InRange((await scene.BackUpAsync(second)).BytesStored, 0, 100_000);
    }

    [Fact]
    public async Task A_check_without_the_right_to_read_or_without_reading_attests_nothing()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("a.bin", 100_000, seed: 1);
        using var first = await scene.WriterAsync("first");
        var backup = await scene.BackUpAsync(first);
        using var owner = await scene.OwnerAsync();
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        var look = await VerifyCorridor.RunAsync(new VerifyRequest(owner.RequireReader(), backup.Snapshot, catalog), RunContext.Unwatched, Token);
        Assert.Equal(0, look.PacksAttested);
        await MemberAdmission.AddAsync(owner, new NewMember("blind", MemberRoles.Verifier) { KeyFilePath = scene.KeyPathOf("blind") }, Token);
        using var blind = await scene.WriterAsync("blind");
        Assert.Equal(FaultCodes.NotAReader, (await Assert.ThrowsAsync<KeyException>(() => scene.VerifyAsync(blind, backup.Snapshot))).Code);
    }

    private static async Task<UnlockedVault> VerifierAsync(AttackScene scene)
    {
        using (var owner = await scene.OwnerAsync())
        {
            await MemberAdmission.AddAsync(owner, new NewMember("verifier", MemberRoles.Verifier) { KeyFilePath = scene.KeyPathOf("verifier"), MayRead = true }, Token);
        }

        return await scene.WriterAsync("verifier");
    }

    /// <summary>A host backs everything up, and everything comes back.</summary>
    private static async Task RequireNotFooledAsync(AttackScene scene, string name)
    {
        using var victim = await scene.WriterAsync(name);
        var backup = await scene.BackUpAsync(victim);
        Assert.InRange(backup.BytesStored, 200_000, long.MaxValue);
        using var owner = await scene.OwnerAsync();
        Assert.Equal(0, scene.RequireNothingWrong((await scene.RestoreAsync(owner, backup.Snapshot)).Path));
    }

    private static async Task<PackRecord> PackOfAsync(UnlockedVault vault, ChunkId chunk)
    {
        var catalog = await SegmentCatalog.LoadAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(), Token);
        using var index = new ChunkIndex(catalog, new DeduplicationTrust(vault.Self, vault.Register));
        return (await index.FindAsync(chunk, Token))[0].Pack;
    }

    private static async Task StoreAsync(UnlockedVault signer, PackRecord pack, IReadOnlyList<PackEntry> entries, bool isAttestation)
    {
        var builder = new IndexSegmentBuilder();
        Assert.True(builder.TryAdd(pack, entries));
        using var bytes = new MemoryStream();
        var id = builder.Write(bytes, SegmentSealings.Of(signer) with { IsAttestation = isAttestation });
        await signer.Store.PutAsync(IndexSegmentBuilder.NameOf(id), bytes.ToArray(), Token);
    }
}
