using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
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
}
