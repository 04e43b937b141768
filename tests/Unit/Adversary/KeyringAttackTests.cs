using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>What storage and a stolen writer can try against keyring and ledger.</summary>
public sealed class KeyringAttackTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Keyring_objects_of_before_an_erasure_that_storage_shows_again_bring_nobody_back()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await SubjectScene.AddAsync(shop, "members", "Anna");
        var before = _bench.Target.Clone();
        await SubjectScene.EraseAsync(owner, "Anna");
        foreach (var (name, bytes) in before.Objects.Where(pair => pair.Key.Value.StartsWith(ObjectNames.Keyring, StringComparison.Ordinal) && !_bench.Target.Objects.ContainsKey(pair.Key)))
        {
            _bench.Target.Replace(name, bytes.Span);
        }

        using var fresh = await _bench.OpenByFileAsync(host: "empty machine");
        Assert.Equal("0 1", await SubjectScene.CountAsync(fresh, "Anna", "Bert"));
        await new KeyringRewriter(fresh.RequireReader()).RunAsync(Token);
        await SubjectScene.RequireNothingLeftOverAsync(fresh, _bench.Target);
        Assert.Equal("0 1", await SubjectScene.CountAsync(fresh, "Anna", "Bert"));
    }

    [Fact]
    public async Task An_addition_that_a_lagging_listing_hid_from_the_erasure_is_dead_all_the_same()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        var hidden = _bench.Single(ObjectNames.KeyringAdditions);
        var bytes = _bench.Target.Objects[hidden].ToArray();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await SubjectScene.AddAsync(shop, "members", "Anna");
        _bench.Target.Remove(hidden);
        await SubjectScene.EraseAsync(owner, "Anna");
        _bench.Target.Replace(hidden, bytes);
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Equal(1, keyring.KeyCount);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
    }

    [Fact]
    public async Task An_old_root_under_the_name_of_the_new_one_and_a_missing_leaf_are_refused()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        var old = _bench.Target.Objects[_bench.Single(ObjectNames.KeyringRoots)].ToArray();
        await SubjectScene.EraseAsync(owner, "Anna");
        var (root, leaf) = (_bench.Single(ObjectNames.KeyringRoots), _bench.Single(ObjectNames.KeyringLeaves));
        var (good, goodLeaf) = (_bench.Target.Objects[root].ToArray(), _bench.Target.Objects[leaf].ToArray());
        _bench.Target.Replace(root, old);
        await RefusedAsync(FaultCodes.KeyringDamaged, owner);
        _bench.Target.Replace(root, good);
        _bench.Target.Remove(leaf);
        await RefusedAsync(FaultCodes.KeyringDamaged, owner);
        for (var i = 0; i < goodLeaf.Length; i += 7)
        {
            var bad = (byte[])goodLeaf.Clone();
            bad[i] ^= 1;
            _bench.Target.Replace(leaf, bad);
            await RefusedAsync(FaultCodes.KeyringDamaged, owner);
        }

        _bench.Target.Replace(leaf, goodLeaf);
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        _bench.Target.Replace(_bench.Single(ObjectNames.KeyringEpochs), old);
        await RefusedAsync(FaultCodes.KeyringNotGranted, owner);
    }

    [Fact]
    public async Task No_flipped_bit_of_an_addition_gives_a_key()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna");
        var name = _bench.Single(ObjectNames.KeyringAdditions);
        var good = _bench.Target.Objects[name].ToArray();
        for (var i = 0; i < good.Length; i += 3)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            _bench.Target.Replace(name, bad);
            Assert.Equal("0", await SubjectScene.CountAsync(owner, "Anna"));
        }

        Assert.Contains(FaultCodes.AdditionRefused, _bench.Sink.Codes);
    }

    [Fact]
    public async Task A_stolen_writer_that_claims_another_key_for_a_domain_changes_nothing()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        var domains = await SubjectScene.AddAsync(shop, "members", "Anna");
        using var before = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        using var right = (await before.FindAsync(domains["Anna"], Token))!.Key;
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await PlantAsync(thief, "Anna", domains["Anna"], generation: 0);

        await RequireKeyAsync(owner, domains["Anna"], right);
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        Assert.Contains(FaultCodes.SubjectKeyConflict, _bench.Sink.Codes);
        await RequireKeyAsync(owner, domains["Anna"], right);
        await PlantAsync(thief, "Anna", domains["Anna"], generation: 0);
        await RequireKeyAsync(owner, domains["Anna"], right);
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        await RequireKeyAsync(owner, domains["Anna"], right);
    }

    [Fact]
    public async Task A_key_of_a_generation_to_come_would_outlive_an_erasure_and_counts_for_nothing()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        var domain = SubjectRecord.NewDomain(owner.Keys.PseudonymOf("Anna"));
        await PlantAsync(thief, "Anna", domain, generation: 1);
        Assert.Equal("0", await SubjectScene.CountAsync(owner, "Anna"));
        Assert.Contains(FaultCodes.AdditionRefused, _bench.Sink.Codes);
    }

    [Fact]
    public async Task An_entry_of_the_ledger_that_a_writer_signed_is_none_and_does_not_stand_in_the_way()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        var forged = new LedgerRecord { Time = thief.Now, Subjects = [thief.Keys.PseudonymOf("Bert")], Reason = "spite", KeysDestroyed = 1, HorizonEnd = thief.Now };
        _bench.Target.Replace(ObjectNames.LedgerEntry(0), LedgerCodec.Seal(thief, 0, null, forged));
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await SubjectScene.EraseAsync(owner, "Anna");
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    [Fact]
    public async Task A_writer_whose_additions_the_vault_lost_gives_fresh_keys_and_says_so()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        var first = await SubjectScene.AddAsync(shop, "members", "Anna");
        _bench.Target.Remove(_bench.Single(ObjectNames.KeyringAdditions));
        var second = await SubjectScene.AddAsync(shop, "members", "Anna");
        Assert.NotEqual(first["Anna"], second["Anna"]);
        Assert.Contains(FaultCodes.KeyringDamaged, _bench.Sink.Codes);
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        Assert.Equal(second["Anna"], (await SubjectScene.AddAsync(shop, "members", "Anna"))["Anna"]);
    }

    [Fact]
    public async Task A_ledger_that_was_put_back_is_noticed()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");

        // An erasure that got no further than the ledger, which the host has read: nobody vouches for it yet, and who asked for it was not told that it is done.
        var record = new LedgerRecord { Time = owner.Now, Subjects = [owner.Keys.PseudonymOf("Anna")], Reason = "asked for", KeysDestroyed = 1, HorizonEnd = owner.Now };
        await LedgerWriter.AppendAsync(owner, await ErasureLedger.ReadAsync(owner, null, Token), record, Token);
        await SubjectScene.AddAsync(shop, "members", "Bert");
        var entry = _bench.Target.Objects[ObjectNames.LedgerEntry(0)].ToArray();
        _bench.Target.Remove(ObjectNames.LedgerEntry(0));
        await SubjectScene.AddAsync(shop, "members", "Bert");

        // One that the register names is missed by everybody.
        _bench.Target.Replace(ObjectNames.LedgerEntry(0), entry);
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        _bench.Target.Remove(ObjectNames.LedgerEntry(0));
        await VaultBench.RefusedAsync(FaultCodes.LedgerDamaged, () => SubjectScene.CountAsync(owner, "Bert"));
        await VaultBench.RefusedAsync(FaultCodes.LedgerDamaged, () => SubjectScene.AddAsync(shop, "members", "Bert"));
    }

    private static async Task RequireKeyAsync(UnlockedVault owner, DomainId domain, SubjectKey expected)
    {
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        using var found = (await keyring.FindAsync(domain, Token))!.Key;
        Assert.Equal(expected.Bytes, found.Bytes);
    }

    private static Task<BackupException> RefusedAsync(FaultCode code, UnlockedVault owner) => VaultBench.RefusedAsync(code, () => SubjectScene.CountAsync(owner, "Bert"));

    /// <summary>An addition as a thief makes it: any key, any domain.</summary>
    private static Task<PutReceipt> PlantAsync(UnlockedVault thief, string subject, DomainId domain, uint generation)
    {
        var record = new byte[SubjectRecord.SizeBytes];
        SubjectRecord.Write(record, thief.Keys.PseudonymOf(subject), new SubjectDomainKey(domain, Id256.Random().ToArray(), generation));
        var (id, bytes) = SubjectAddition.Seal(thief, thief.Keys.DataSetIdOf("members"), record);
        return thief.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id), bytes, Token);
    }
}
