using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class RegisterTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void An_entry_has_exactly_the_bytes_that_the_specification_gives()
    {
        // Written by hand from the table: {0: 1, 1: 32 × 11, 2: [1000000000, 5], 3: [], 4: [[10, {0: 32 × 22, 1: 32 × 33}], [9, {0: 32 × 22, 1: []}]]}
        var expected = "a5" + "00" + "01" + "01" + "5820" + Repeat("11") + "02" + "82" + "1a3b9aca00" + "05" + "03" + "80" + "04" + "82"
            + "82" + "0a" + "a2" + "00" + "5820" + Repeat("22") + "01" + "5820" + Repeat("33")
            + "82" + "09" + "a2" + "00" + "5820" + Repeat("22") + "01" + "80";
        var member = new MemberId(IdOf(0x22));
        var entry = new RegisterEntry(
            1,
            new ContentHash(IdOf(0x11)),
            new Timestamp(1_000_000_000, 5),
            [],
            [new OwnerBundleNamed(member, new ObjectId(IdOf(0x33))), new Revocation(member, [])]);
        Assert.Equal(expected, Convert.ToHexStringLower(RegisterCodec.Encode(entry)));
        Assert.Equal(expected, Convert.ToHexStringLower(RegisterCodec.Encode(RegisterCodec.Decode(Convert.FromHexString(expected), "entry"))));
    }

    [Fact]
    public void Every_change_comes_back_as_it_was_written() =>
        Gen.Select(Gen.UInt, Gen.Int[1, VaultParameters.MaxPackSizeBytes], Gen.Long[0, 1L << 33], Gen.Int[0, 31], Gen.Byte.Array[0, 2000]).Sample(
            (number, packSize, seconds, roles, bytes) =>
            {
                using var signing = SigningKey.Create();
                using var sealing = IdentityKey.Create();
                var id = Id256.Random();
                var entry = new RegisterEntry(number, null, new Timestamp(-seconds, 999_999_999), ["f"],
                [
                    new VaultParameters("fastcdc-1m", packSize),
                    new EpochBegins(number, sealing.Recipient),
                    new MemberAdded("ann", signing.Public, sealing.Recipient, (MemberRoles)roles, roles > 15 ? null : [new DataSetId(id)]),
                    new KeyGrant(signing.Id, number, new ObjectId(id), bytes),
                    new VaultPolicy { RetentionFloor = TimeSpan.FromSeconds(seconds), DeduplicationTrust = TrustedPacks.AllMembers, OwnersNeeded = packSize },
                    new TargetAttached(id, "nas"),
                    new TargetDetached(id),
                    new KeyringRoot(new ObjectId(id), new ContentHash(id)),
                    new Revocation(signing.Id, [new ContentHash(id)]),
                    new OwnerBundleNamed(signing.Id, new ObjectId(id)),
                    new LedgerHead(number, new ContentHash(id)),
                    new KeyringRoot(new ObjectId(id), new ContentHash(id), new ObjectId(id)),
                    new HoldPlaced(new HoldId(id), (HoldScope)(roles % 3), id, roles > 15 ? [] : [new DataSetId(id)], number, bytes),
                    new HoldReleased(new HoldId(id), number, id, bytes),
                ]);
                var encoded = RegisterCodec.Encode(entry);
                var decoded = RegisterCodec.Decode(encoded, "entry");
                Assert.Equal(entry.Changes.Count, decoded.Changes.Count);
                Assert.Equal(encoded, RegisterCodec.Encode(decoded));
                Assert.Equal(entry.Changes[4], decoded.Changes[4]);
            },
            iter: 200);

    [Fact]
    public async Task What_owners_append_is_what_readers_find()
    {
        using var owner = await _bench.CreateAsync();
        var target = Id256.Random();
        await owner.AppendAsync([new TargetAttached(target, "nas"), new LedgerHead(3, default)], CancellationToken.None);
        await owner.AppendAsync([new KeyringRoot(ObjectId.Random(), default), new TargetDetached(Id256.Random())], CancellationToken.None);
        var found = (await LockedVault.OpenAsync(_bench.Target, CancellationToken.None)).Register;
        Assert.Equal(owner.Register.Head, found.Head);
        Assert.Equal("nas", found.Targets[target]);
        Assert.Equal(3UL, found.LedgerHead!.Number);
        Assert.NotNull(found.KeyringRoot);
    }

    [Fact]
    public async Task A_keyring_root_replaces_the_one_that_stands_and_a_ledger_head_only_moves_on()
    {
        using var owner = await _bench.CreateAsync();
        var (first, second) = (ObjectId.Random(), ObjectId.Random());
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => owner.AppendAsync([new KeyringRoot(second, default, first)], CancellationToken.None));
        await owner.AppendAsync([new KeyringRoot(first, default), new LedgerHead(0, default)], CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => owner.AppendAsync([new KeyringRoot(second, default)], CancellationToken.None));
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => owner.AppendAsync([new LedgerHead(0, default)], CancellationToken.None));
        await owner.AppendAsync([new KeyringRoot(second, default, first), new LedgerHead(2, default)], CancellationToken.None);
        Assert.Equal(second, owner.Register.KeyringRoot!.Id);
    }

    [Fact]
    public async Task Refuses_entries_that_are_not_the_owners_or_do_not_follow()
    {
        using var owner = await _bench.CreateAsync();
        using var stranger = SigningKey.Create();
        using var sealing = IdentityKey.Create();
        await DamagedAsync(() => _bench.ForceEntry(owner, static entry => entry with { Previous = new ContentHash(Id256.Random()) }));
        await DamagedAsync(() => _bench.ForceEntry(owner, static entry => entry with { Previous = null }));
        await DamagedAsync(() => _bench.ForceEntry(owner, static entry => entry with { Changes = [new VaultParameters("fastcdc-1m", 1)] }));
        await DamagedAsync(() => _bench.ForceEntry(owner, entry => entry with { Changes = [new EpochBegins(5, sealing.Recipient)] }));
        await DamagedAsync(() => _bench.ForceEntry(owner, static entry => entry with { Changes = [VaultPolicy.Default with { OwnersNeeded = 2 }] }));
        await DamagedAsync(() => _bench.ForceEntry(owner, entry => entry with { Changes = [new Revocation(owner.Self, [])] }));
        await DamagedAsync(() => _bench.ForceEntry(owner, entry => entry with { Changes = [new Revocation(stranger.Id, [])] }));
        await DamagedAsync(() => _bench.ForceEntry(owner, entry => entry with { Changes = [new OwnerBundleNamed(stranger.Id, ObjectId.Random())] }));
        await DamagedAsync(() => _bench.ForceEntry(owner, entry => entry with { Changes = [new KeyGrant(stranger.Id, 1, ObjectId.Random(), new byte[9])] }));
    }

    [Fact]
    public async Task Refuses_what_this_version_does_not_know()
    {
        using var owner = await _bench.CreateAsync();
        await UnsupportedAsync(() => _bench.ForceEntry(owner, static entry => entry with { Features = ["parity"] }));
        foreach (var (type, key) in new[] { (100, 0), (127, 0), (6, 2) })
        {
            var change = new CborMapWriter().BeginArray(2).Int(type).BeginMap();
            change.Key(key).Int(1).EndMap().EndArray();
            await UnsupportedAsync(() => _bench.ForceEntry(owner, 1, BodyWith(owner, change.Encode(), 0)));
        }

        var harmless = new CborMapWriter().BeginArray(2).Int(128).BeginMap(1).Key(0).Int(1).EndMap().EndArray().Encode();
        await UnsupportedAsync(() => _bench.ForceEntry(owner, 1, BodyWith(owner, harmless, 5)));
        _bench.ForceEntry(owner, 1, BodyWith(owner, harmless, 200));
        Assert.Equal(1U, (await LockedVault.OpenAsync(_bench.Target, CancellationToken.None)).Register.Head.Number);
    }

    [Fact]
    public async Task A_gap_and_a_missing_genesis_are_damage()
    {
        using var owner = await _bench.CreateAsync();
        await owner.AppendAsync([VaultPolicy.Default], CancellationToken.None);
        await owner.AppendAsync([VaultPolicy.Default], CancellationToken.None);
        var name = ObjectNames.RegisterEntry(1);
        var entry = _bench.Target.Objects[name];
        _bench.Target.Remove(name);
        Assert.Contains(name.Value, (await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => _bench.OpenByFileAsync())).Message, StringComparison.Ordinal);
        _bench.Target.Replace(name, entry.Span);
        _bench.Target.Remove(ObjectNames.RegisterEntry(0));
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => _bench.OpenByFileAsync());
    }

    [Fact]
    public async Task Lowering_the_number_of_owners_takes_the_old_number()
    {
        using var ann = await _bench.CreateAsync();
        using var bob = SigningKey.Create();
        using var sealing = IdentityKey.Create();
        await ann.AppendAsync(
            [new MemberAdded("bob", bob.Public, sealing.Recipient, MemberRoles.Owner, null), VaultPolicy.Default with { OwnersNeeded = 2 }], CancellationToken.None);
        var alone = new RegisterAmendment([VaultPolicy.Default], [ann.SelfKey], ann.Now);
        await VaultBench.RefusedAsync(FaultCodes.MoreSignaturesNeeded, () => RegisterLog.AppendAsync(ann.Store, ann.Register, alone, CancellationToken.None));
        Assert.True((await ann.AppendAsync([VaultPolicy.Default], CancellationToken.None)).IsPending);
        _bench.ForceEntry(ann, static entry => entry with { Changes = [VaultPolicy.Default] });
        var passedOver = await LockedVault.OpenAsync(_bench.Target, CancellationToken.None);
        Assert.Equal((1U, 2), (passedOver.Register.Head.Number, passedOver.Register.Policy.OwnersNeeded));
        Assert.NotNull(passedOver.Obstruction);
        _bench.ForceEntry(ann, static entry => entry with { Changes = [VaultPolicy.Default] }, ann.SelfKey, bob);
        Assert.Equal(1, (await LockedVault.OpenAsync(_bench.Target, CancellationToken.None)).Register.Policy.OwnersNeeded);
    }

    [Fact]
    public async Task A_vault_key_swapped_by_storage_is_refused_before_anything_is_sealed_to_it()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        using var planted = IdentityKey.Create();
        var name = ObjectNames.RegisterEntry(0);
        var bytes = _bench.Target.Objects[name].ToArray();
        var at = bytes.AsSpan().IndexOf(owner.Register.Epochs[1].Bytes);
        planted.Recipient.Bytes.CopyTo(bytes.AsSpan(at));
        _bench.Target.Replace(name, bytes);
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => _bench.OpenByFileAsync());
    }

    [Fact]
    public async Task No_flipped_bit_of_an_entry_is_accepted()
    {
        using var owner = await _bench.CreateAsync();
        var name = ObjectNames.RegisterEntry(0);
        var good = _bench.Target.Objects[name].ToArray();
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            var exception = Assert.Throws<VaultException>(() => RegisterState.Begin(bad));
            Assert.True(exception.Code == FaultCodes.RegisterDamaged || exception.Code == FaultCodes.UnsupportedFormat, exception.Message);
        }
    }

    private static byte[] BodyWith(UnlockedVault owner, byte[] change, int extraKey)
    {
        var body = RegisterCodec.Encode(new RegisterEntry(1, owner.Register.Head.Hash, owner.Now, [], []));
        byte[] extra = extraKey == 0 ? [] : [.. new CborMapWriter(isSequence: true).Int(extraKey).Int(1).Encode()];

        // The body ends with "key 4, empty array"; its first byte counts its keys.
        return [(byte)(body[0] + (extraKey == 0 ? 0 : 1)), .. body[1..^1], 0x81, .. change, .. extra];
    }

    private static Id256 IdOf(byte value) => Id256.Read(Enumerable.Repeat(value, 32).ToArray());

    private static string Repeat(string value) => string.Concat(Enumerable.Repeat(value, 32));

    private async Task DamagedAsync(Action attack)
    {
        attack();
        var exception = await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => _bench.OpenByFileAsync());
        Assert.Contains("register/0000000001", exception.Message, StringComparison.Ordinal);
    }

    private Task<BackupException> UnsupportedAsync(Action attack)
    {
        attack();
        return VaultBench.RefusedAsync(FaultCodes.UnsupportedFormat, () => _bench.OpenByFileAsync());
    }
}
