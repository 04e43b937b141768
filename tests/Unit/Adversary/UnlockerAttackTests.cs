using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;
using RecordingSink = SecureBackup.Tests.Unit.Pipeline.RecordingSink;

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
        Assert.Equal(keepsOwner ? FaultCodes.BundleMismatch : FaultCodes.NoSuchUnlocker, byPassphrase.Code);
        var byFile = await Assert.ThrowsAsync<VaultException>(() => scene.OwnerAsync(scene.Forgetful()));
        Assert.Equal(FaultCodes.VaultForked, byFile.Code);
        var onHost = await Assert.ThrowsAsync<VaultException>(() => scene.OwnerByPassphraseAsync());
        Assert.Equal(FaultCodes.VaultForked, onHost.Code);
    }

    /// <summary>A thousand unlockers of the attacker's, each as cheap and as old as can be, and a thousand names that sort before the good ones.</summary>
    [Fact]
    public async Task Planted_unlockers_are_not_even_read()
    {
        using var scene = await AttackScene.CreateAsync();
        using (var owner = await scene.OwnerAsync())
        {
            for (var i = 0; i < 1100; i++)
            {
                scene.Target.Replace(ObjectNames.Unlocker(ObjectId.Random()), Plant(owner.Id, owner.Self, new string((char)('a' + (i % 26)), 8)));
            }
        }

        var counting = new ReadCounter(scene.Target);
        var sink = new RecordingSink();
        using var credential = new PassphraseCredential(AttackScene.Passphrase.AsMemory());
        using var vault = await scene.OpenAsync(credential, scene.Forgetful(sink), counting);
        Assert.True(vault.IsReader);
        Assert.Equal(2, counting.Reads("keys/"));
        Assert.Equal(0, counting.Lists("keys/"));
        Assert.DoesNotContain(sink.Events, static item => item.Code == FaultCodes.UnlockerUnusable);
    }

    /// <summary>Where nothing is named, what was there first is looked at first, however many names sort before it.</summary>
    [Fact]
    public async Task An_earlier_vault_is_opened_by_its_oldest_unlockers_whatever_was_added()
    {
        using var earlier = new EarlierVault();
        using (var owner = await earlier.OpenByFileAsync())
        {
            using var key = RootKey.Create();
            for (var i = 0; i < Unlocker.MaxCount + 100; i++)
            {
                var id = new byte[Id256.SizeBytes];
                System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(4), i);
                var header = new ObjectHeader(ObjectKind.Unlocker, 0, owner.Id, new ObjectId(Id256.Read(id)));
                earlier.Target.Replace(ObjectNames.Unlocker(header.Object), new Unlocker(header, UnlockerKind.KeyFile, owner.Self, "planted", default).Seal(key, key));
            }
        }

        using var opened = await earlier.OpenByPassphraseAsync();
        Assert.True(opened.IsReader);
    }

    /// <summary>The victim's own passphrase opens the attacker's unlocker here: as if it were known. It leads to no bundle that the register names.</summary>
    [Fact]
    public async Task An_unlocker_with_a_bundle_key_of_the_attackers_leads_nowhere()
    {
        using var earlier = new EarlierVault();
        using (var owner = await earlier.OpenByFileAsync())
        {
            foreach (var name in earlier.Unlockers)
            {
                earlier.Target.Remove(name);
            }

            earlier.Target.Replace(ObjectNames.Unlocker(default), Plant(owner.Id, owner.Self, earlier.Passphrase.ToString()));
        }

        await VaultBench.RefusedAsync(FaultCodes.WrongPassphrase, () => earlier.OpenByPassphraseAsync());
        Assert.Contains(FaultCodes.UnlockerUnusable, earlier.Sink.Codes);
    }

    /// <summary>An unlocker for this passphrase, with a bundle key and a wrapping key of the attacker's.</summary>
    private static byte[] Plant(VaultId vault, MemberId owner, string passphrase)
    {
        var header = new ObjectHeader(ObjectKind.Unlocker, 0, vault, default);
        var stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses);
        var salt = Unlocker.NewSalt();
        using var unlocking = passphrase.Length == 8 ? RootKey.Create() : PassphraseKdf.Derive(passphrase, salt.Span, stretching);
        using var bundleKey = RootKey.Create();
        return new Unlocker(header, UnlockerKind.Passphrase, owner, "planted", default) { Stretching = stretching, Salt = salt }.Seal(unlocking, bundleKey);
    }
}
