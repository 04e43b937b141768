using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>Who can write to the target can put something where the next entry belongs. It closes the vault to nobody, and it hides nothing that somebody knows.</summary>
public sealed class RegisterTailTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task What_no_owner_signed_is_passed_over_and_told()
    {
        using var owner = await _bench.CreateAsync();
        using var stranger = SigningKey.Create();
        using var sealing = IdentityKey.Create();
        var forged = new MemberAdded("mallory", stranger.Public, sealing.Recipient, MemberRoles.Owner, null);
        await PassedOverAsync(() => _bench.ForceEntry(owner, entry => entry with { Changes = [forged] }, stranger));
        await PassedOverAsync(() => _bench.Target.Replace(ObjectNames.RegisterEntry(1), [1, 2, 3]));
        await PassedOverAsync(() => _bench.Target.Replace(ObjectNames.RegisterEntry(1), []));
        await PassedOverAsync(() => _bench.Target.Replace(ObjectNames.RegisterEntry(1), new byte[RegisterCodec.MaxEntryBytes + 1]));
        await PassedOverAsync(() => _bench.Target.Replace(ObjectNames.RegisterEntry(1), _bench.Target.Objects[ObjectNames.RegisterEntry(0)].Span));
        await PassedOverAsync(() => _bench.Target.Replace(ObjectNames.RegisterEntry(99), [1, 2, 3]));
        await PassedOverAsync(() => _bench.Target.Replace(ObjectNames.RegisterEntry(99), _bench.Target.Objects[ObjectNames.RegisterEntry(0)].Span));
    }

    [Fact]
    public async Task An_entry_that_somebody_knows_is_missed_when_it_is_damaged()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        await owner.AppendAsync([VaultPolicy.Default with { GraceTime = TimeSpan.FromDays(3) }], None);
        (await _bench.OpenByFileAsync(host: "knows")).Dispose();
        var name = ObjectNames.RegisterEntry(1);
        var bytes = _bench.Target.Objects[name].ToArray();
        bytes[^1] ^= 1;
        _bench.Target.Replace(name, bytes);
        var refused = await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => _bench.OpenByFileAsync(host: "knows"));
        Assert.Contains(name.Value, refused.Message, StringComparison.Ordinal);
        using var ignorant = await _bench.OpenByPassphraseAsync(host: "empty");
        Assert.Equal((0U, false), (ignorant.Register.Head.Number, ignorant.Freshness.IsProven));
        Assert.Contains(FaultCodes.RegisterObstructed, _bench.Sink.Codes);
    }

    [Fact]
    public async Task A_damaged_entry_before_others_is_never_passed_over()
    {
        using var owner = await _bench.CreateAsync();
        await owner.AppendAsync([VaultPolicy.Default], None);
        await owner.AppendAsync([VaultPolicy.Default], None);
        _bench.Target.Replace(ObjectNames.RegisterEntry(1), [1, 2, 3]);
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => _bench.OpenByFileAsync(host: "empty"));
    }

    [Fact]
    public async Task An_entry_that_came_while_the_register_was_listed_is_found_by_its_name()
    {
        using var owner = await _bench.CreateAsync();
        await owner.AppendAsync([VaultPolicy.Default], None);
        await owner.AppendAsync([VaultPolicy.Default], None);
        var opened = await LockedVault.OpenAsync(new ListedUnderWay(_bench.Target, ObjectNames.RegisterEntry(1)), None);
        Assert.Equal(owner.Register.Head, opened.Register.Head);
    }

    [Fact]
    public async Task A_vault_that_is_open_tells_once_and_goes_on()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        _bench.Target.Replace(ObjectNames.RegisterEntry(2), "rubbish"u8);
        await _bench.BackUpAsync(writer);
        await _bench.BackUpAsync(writer);
        Assert.Single(_bench.Sink.Codes, FaultCodes.RegisterObstructed);
        await VaultBench.RefusedAsync(FaultCodes.RegisterObstructed, () => EpochRotation.RotateAsync(owner, null, None));
        Assert.Equal(1U, owner.Keys.Epoch);
    }

    [Fact]
    public async Task A_repair_removes_nothing_that_an_owner_signed()
    {
        using var owner = await _bench.CreateAsync();
        using var behind = await _bench.OpenByFileAsync();
        _bench.Target.Replace(ObjectNames.RegisterEntry(1), "rubbish"u8);
        _bench.Target.Replace(ObjectNames.RegisterEntry(7), "rubbish"u8);
        var found = await RegisterRepair.FindAsync(behind, None);
        Assert.Equal(2, found.Count);
        await RegisterRepair.RemoveAsync(owner, found, null, None);
        await owner.AppendAsync([new TargetAttached(Id256.Random(), "nas")], None);

        // What was found is stale by now: where the rubbish was stands an entry.
        Assert.False((await RegisterRepair.RemoveAsync(behind, found, null, None)).IsPending);
        Assert.Equal(owner.Register.Head, behind.Register.Head);
        Assert.Single((await LockedVault.OpenAsync(_bench.Target, None)).Register.Targets);
    }

    /// <summary>An owner's word for a later place proves that entries are gone. A stolen key, revoked since, must not be good for closing the vault for ever.</summary>
    [Fact]
    public async Task A_revoked_owner_does_not_close_the_vault_with_a_later_number()
    {
        using var owner = await _bench.CreateAsync();
        await MemberAdmission.AddAsync(owner, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, None);
        using var bob = await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
        byte[] Later(uint number) => RegisterCodec.Encode(new RegisterEntry(number, ContentHash.Of("unknown"u8), owner.Now, [], []));
        _bench.ForceEntry(owner, 98, Later(98), bob.SelfKey);
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => LockedVault.OpenAsync(_bench.Target, None));
        _bench.Target.Remove(ObjectNames.RegisterEntry(98));

        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(bob.Self, "stolen"), None);
        _bench.ForceEntry(owner, 99, Later(99), bob.SelfKey);
        using var opened = await _bench.OpenByFileAsync();
        Assert.Equal(owner.Register.Head, opened.Register.Head);
        var found = Assert.Single(await RegisterRepair.FindAsync(opened, None));
        Assert.Equal(ObjectNames.RegisterEntry(99), found.Name);
        await RegisterRepair.RemoveAsync(opened, [found], null, None);
        Assert.Null((await LockedVault.OpenAsync(_bench.Target, None)).Obstruction);
    }

    /// <summary>What is passed over is never the owners' word: an entry that asks for more than this version knows is theirs, and is refused.</summary>
    [Fact]
    public async Task An_entry_of_a_later_version_is_refused_and_neither_passed_over_nor_repaired_away()
    {
        using var owner = await _bench.CreateAsync();
        _bench.ForceEntry(owner, entry => entry with { Features = ["later"] });
        await VaultBench.RefusedAsync(FaultCodes.UnsupportedFormat, () => LockedVault.OpenAsync(_bench.Target, None));
        await VaultBench.RefusedAsync(FaultCodes.UnsupportedFormat, () => RegisterRepair.FindAsync(owner, None));
        var body = new CborMapWriter().BeginMap().Key(0).UInt(1).Key(1).Id(owner.Register.Head.Hash.Value).Key(2).Time(owner.Now).Key(3).BeginArray(0).EndArray()
            .Key(4).BeginArray(1).BeginArray(2).Int(127).BeginMap().Key(0).Int(1).EndMap().EndArray().EndArray().EndMap().Encode();
        _bench.ForceEntry(owner, 1, body);
        await VaultBench.RefusedAsync(FaultCodes.UnsupportedFormat, () => LockedVault.OpenAsync(_bench.Target, None));
    }

    private async Task PassedOverAsync(Action attack)
    {
        var target = _bench.Target;
        _bench.Target = target.Clone();
        attack();
        using (var opened = await _bench.OpenByFileAsync())
        {
            Assert.Equal(0U, opened.Register.Head.Number);
            Assert.Single(opened.Register.Members);
        }

        Assert.NotNull((await LockedVault.OpenAsync(_bench.Target, None)).Obstruction);
        _bench.Target = target;
    }

    /// <summary>Its listings miss an object that was put while they were under way, and have one that came later.</summary>
    private sealed class ListedUnderWay(Target inner, ObjectName missed) : DelegatingTarget(inner)
    {
        public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
            base.ListAsync(prefix, cancellationToken).Where(stat => stat.Name != missed);
    }
}
