using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>The storage answers with a register or unlockers of its own making.</summary>
public sealed class UnlockerAttackTests
{
    /// <summary>Entry 0 rewritten by somebody else: with the victim's id, name and vault id, and keys of which the private halves are known.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_register_of_the_attackers_own_is_refused_by_passphrase_and_by_key_file(bool keepsOwner)
    {
        using var scene = await AttackScene.CreateAsync();
        using var attacker = SigningKey.Create();
        using var vaultKey = IdentityKey.Create();
        var name = ObjectNames.RegisterEntry(0);
        var genesis = SignedObject.Parse(scene.Target.Objects[name]);
        var entry = RegisterCodec.Decode(genesis.Body, "genesis entry");
        var owner = entry.Changes.OfType<MemberAdded>().Single();
        using var sealing = IdentityKey.Create();
        RegisterChange[] changes =
        [
            .. entry.Changes.Select(change => change is EpochBegins ? new EpochBegins(1, vaultKey.Recipient) : change),
            new MemberAdded("owner", attacker.Public, sealing.Recipient, MemberRoles.Owner, null),
        ];
        var kept = keepsOwner ? changes : [.. changes.Where(change => change switch
        {
            MemberAdded member => member.Id == attacker.Id,
            KeyGrant grant => grant.Member != owner.Id,
            OwnerBundleNamed bundle => bundle.Owner != owner.Id,
            _ => true,
        })];
        scene.Target.Replace(name, SignedObject.Build(genesis.Header, RegisterCodec.Encode(entry with { Changes = kept }), attacker));

        var byPassphrase = await Assert.ThrowsAnyAsync<BackupException>(() => scene.OwnerByPassphraseAsync(scene.Forgetful()));
        Assert.Equal(keepsOwner ? FaultCodes.BundleMismatch : FaultCodes.WrongPassphrase, byPassphrase.Code);
        var byFile = await Assert.ThrowsAsync<VaultException>(() => scene.OwnerAsync(scene.Forgetful()));
        Assert.Equal(FaultCodes.VaultForked, byFile.Code);
        var onHost = await Assert.ThrowsAsync<VaultException>(() => scene.OwnerByPassphraseAsync());
        Assert.Equal(FaultCodes.VaultForked, onHost.Code);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(int.MaxValue, 1_000_000)]
    public async Task An_unlocker_that_asks_for_too_little_or_too_much_is_passed_over_for_the_good_one(int memoryKiB, int passes)
    {
        using var scene = await AttackScene.CreateAsync();
        await PlantAsync(scene, unlocker => unlocker with { Stretching = new Argon2Parameters(memoryKiB, passes) });
        var sink = new RecordingSink();
        using (var vault = await scene.OwnerByPassphraseAsync(scene.Forgetful(sink)))
        {
            Assert.True(vault.IsReader);
        }

        // Alone it is refused, and nothing was stretched with it.
        foreach (var name in scene.Names("keys/").Where(name => !IsPlanted(scene, name)).ToList())
        {
            scene.Target.Remove(name);
        }

        var refused = await Assert.ThrowsAsync<KeyException>(() => scene.OwnerByPassphraseAsync(scene.Forgetful(sink)));
        Assert.Equal(passes == 1 ? FaultCodes.WeakKeyDerivation : FaultCodes.KeyDerivationTooCostly, refused.Code);
        Assert.Contains(sink.Events, static item => item.Code == FaultCodes.UnlockerUnusable);
    }

    /// <summary>The victim's own passphrase opens the attacker's unlocker here: as if it were known. It leads to no bundle that the register names.</summary>
    [Fact]
    public async Task An_unlocker_with_a_bundle_key_of_the_attackers_leads_nowhere()
    {
        using var scene = await AttackScene.CreateAsync();
        await PlantAsync(scene, static unlocker => unlocker);
        var planted = scene.Names("keys/").Single(name => IsPlanted(scene, name));
        foreach (var name in scene.Names("keys/").Where(name => name != planted).ToList())
        {
            scene.Target.Remove(name);
        }

        var sink = new RecordingSink();
        var refused = await Assert.ThrowsAsync<KeyException>(() => scene.OwnerByPassphraseAsync(scene.Forgetful(sink)));
        Assert.Equal(FaultCodes.WrongPassphrase, refused.Code);
        Assert.Contains(sink.Events, item => item.Code == FaultCodes.UnlockerUnusable && item.Message.Contains(planted.Value, StringComparison.Ordinal));
    }

    private static bool IsPlanted(AttackScene scene, ObjectName name) =>
        ObjectNames.TryParseId(name, ObjectNames.Unlockers, out var id)
        && Unlocker.Read(scene.Target.Objects[name], ObjectHeader.Read(scene.Target.Objects[name].Span).Vault, new ObjectId(id)).Label is "planted";

    /// <summary>An unlocker for the right passphrase, with another bundle key, changed as the test wants.</summary>
    private static async Task PlantAsync(AttackScene scene, Func<Unlocker, Unlocker> change)
    {
        using var owner = await scene.OwnerAsync();
        var header = new ObjectHeader(ObjectKind.Unlocker, 0, owner.Id, ObjectId.Random());
        var stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses);
        var salt = Unlocker.NewSalt();
        using var unlocking = PassphraseKdf.Derive(AttackScene.Passphrase, salt.Span, stretching);
        using var bundleKey = RootKey.Create();
        var unlocker = change(new Unlocker(header, UnlockerKind.Passphrase, owner.Self, "planted", owner.Now) { Stretching = stretching, Salt = salt });
        scene.Target.Replace(ObjectNames.Unlocker(header.Object), unlocker.Seal(unlocking, bundleKey));
    }
}
