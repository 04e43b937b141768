using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class VaultKeysTests : IDisposable
{
    private const string Second = "another five words entirely";

    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Keys_are_listed_with_what_they_are()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        using var byPassphrase = await _bench.OpenByPassphraseAsync();
        var keys = await VaultKeys.ListAsync(byPassphrase, Token);
        Assert.Equal(["key file", "passphrase"], keys.Select(static key => key.Kind).Order(StringComparer.Ordinal));
        Assert.Equal("passphrase", Assert.Single(keys, static key => key.IsInUse).Kind);
        Assert.All(keys, key => Assert.Equal((owner.Self, "owner", owner.CreatedAt), (key.Owner, key.OwnerName, key.CreatedAt)));
    }

    [Fact]
    public async Task A_passphrase_is_added_and_the_others_go_on()
    {
        using (var owner = await _bench.CreateAsync())
        {
            await AddAsync(owner, Second);
            await AddAsync(owner, "a third of them");
        }

        foreach (var passphrase in new[] { Second, "a third of them" })
        {
            using var opened = await _bench.OpenByPassphraseAsync(passphrase);
            Assert.True(opened.IsReader);
        }

        using var byFile = await _bench.OpenByFileAsync();
        Assert.Equal(3, (await VaultKeys.ListAsync(byFile, Token)).Count);
        Assert.Empty(Unnamed(byFile));
    }

    [Fact]
    public async Task A_removed_key_opens_nothing_any_more_and_all_that_stay_do_without_being_asked()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        await AddAsync(owner, Second);
        await VaultKeys.AddKeyFileAsync(owner, _bench["second.key"], "in the safe", [], Token);
        var before = _bench.Target.Clone();
        var ids = (await VaultKeys.ListAsync(owner, Token)).Select(static key => key.Id).ToHashSet();
        await VaultKeys.RemoveAsync(owner, ["passphrase"], Token);

        await VaultBench.RefusedAsync(FaultCodes.WrongPassphrase, () => _bench.OpenByPassphraseAsync());
        foreach (var open in new Func<Task<UnlockedVault>>[] { () => _bench.OpenByPassphraseAsync(Second), () => _bench.OpenByFileAsync(_bench["second.key"]), () => _bench.OpenByFileAsync() })
        {
            using var opened = await open();
            Assert.True(opened.IsReader);
            Assert.Equal(3, (await VaultKeys.ListAsync(opened, Token)).Count);
        }

        Assert.True((await VaultKeys.ListAsync(owner, Token)).All(key => ids.Contains(key.Id)), "Ids change when keys are carried over.");
        Assert.Empty(Unnamed(owner));
        Assert.Single(_bench.Target.Objects.Keys, static name => name.Value.StartsWith(ObjectNames.Bundles, StringComparison.Ordinal));

        // The old unlocker put back opens nothing; with the old bundle too it opens that one alone, which the register does not name.
        foreach (var (name, bytes) in before.Objects.Where(static pair => pair.Key.Value.StartsWith("keys/", StringComparison.Ordinal) || pair.Key.Value.StartsWith("bundles/", StringComparison.Ordinal)))
        {
            _bench.Target.Replace(name, bytes.Span);
        }

        await VaultBench.RefusedAsync(FaultCodes.WrongPassphrase, () => _bench.OpenByPassphraseAsync());
    }

    [Fact]
    public async Task A_passphrase_is_changed_in_one_step_and_the_session_goes_on()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        var number = owner.Register.Head.Number;
        await AddAsync(owner, Second, "passphrase");
        Assert.Equal(number + 1, owner.Register.Head.Number);
        await VaultBench.RefusedAsync(FaultCodes.WrongPassphrase, () => _bench.OpenByPassphraseAsync());

        // The same vault object, whose bundle key is another now.
        await AddAsync(owner, "a third of them", "second");
        using var opened = await _bench.OpenByPassphraseAsync("a third of them");
        await VaultKeys.RemoveAsync(opened, ["key file"], Token);
        Assert.Equal("third", Assert.Single(await VaultKeys.ListAsync(opened, Token)).Label);
    }

    [Fact]
    public async Task Refuses_to_lock_an_owner_out_and_what_it_cannot_find()
    {
        using var owner = await _bench.CreateAsync();
        await VaultBench.RefusedAsync(FaultCodes.LastKey, () => VaultKeys.RemoveAsync(owner, ["key file"], Token));
        await VaultBench.RefusedAsync(FaultCodes.NoSuchKey, () => VaultKeys.RemoveAsync(owner, ["passphrase"], Token));
        await AddAsync(owner, Second, label: "key file");
        await VaultBench.RefusedAsync(FaultCodes.AmbiguousKey, () => VaultKeys.RemoveAsync(owner, ["key file"], Token));
        await VaultBench.RefusedAsync(FaultCodes.InvalidKeyLabel, () => AddAsync(owner, Second, label: "two\nlines"));
        await VaultBench.RefusedAsync(FaultCodes.KeyFileExists, () => VaultKeys.AddKeyFileAsync(owner, _bench.KeyPath, "again", [], Token));
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        await VaultBench.RefusedAsync(FaultCodes.NotAnOwner, () => AddAsync(writer, Second));
        using var opened = await _bench.OpenByFileAsync();
    }

    [Fact]
    public async Task There_is_room_for_64_keys()
    {
        using var owner = await _bench.CreateAsync();
        for (var i = 1; i < OwnerBundleNamed.MaxUnlockers; i++)
        {
            await VaultKeys.AddKeyFileAsync(owner, _bench[$"{i}.key"], $"file {i}", [], Token);
        }

        await VaultBench.RefusedAsync(FaultCodes.TooManyKeys, () => VaultKeys.AddKeyFileAsync(owner, _bench["more.key"], "one more", [], Token));
        Assert.False(File.Exists(_bench["more.key"]), "A refused key left its file.");
        await VaultKeys.AddKeyFileAsync(owner, _bench["more.key"], "one more", ["file 7"], Token);
        using var last = await _bench.OpenByFileAsync(_bench["more.key"]);
        Assert.Equal(64, (await VaultKeys.ListAsync(last, Token)).Count);
        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => _bench.OpenByFileAsync(_bench["7.key"]));
    }

    [Fact]
    public async Task Keys_that_were_changed_by_somebody_else_meanwhile_are_not_overwritten()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        using var same = await _bench.OpenByFileAsync(host: "other");
        await VaultKeys.RemoveAsync(owner, ["passphrase"], Token);
        await VaultBench.RefusedAsync(FaultCodes.KeysChangedMeanwhile, () => AddAsync(same, Second));
        using var anew = await _bench.OpenByFileAsync(host: "other");
        await AddAsync(anew, Second);
    }

    /// <summary>Between the look and the append: nothing of the loser's stays.</summary>
    [Fact]
    public async Task A_change_that_lost_a_race_leaves_nothing()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        var racing = new RacingTarget(_bench.Target, () => owner.AppendAsync([VaultPolicy.Default], CancellationToken.None));
        using var key = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        using var same = await (await LockedVault.OpenAsync(racing, Token)).UnlockAsync(key, _bench.Host("same"), Token);
        await VaultBench.RefusedAsync(FaultCodes.RegisterConflict, () => VaultKeys.RemoveAsync(same, ["passphrase"], Token));
        Assert.Empty(Unnamed(owner));
        using var opened = await _bench.OpenByPassphraseAsync();
    }

    [Fact]
    public async Task Storage_cannot_slip_its_own_wrapping_key_in()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        using var attacker = RootKey.Create();
        var names = owner.Register.Unlockers[owner.Self].Select(static unlocker => ObjectNames.Unlocker(unlocker.Id)).ToList();
        foreach (var name in names)
        {
            var bytes = _bench.Target.Objects[name];
            var header = ObjectHeader.Read(bytes.Span);
            var victim = Unlocker.Read(bytes, owner.Id, header.Object);
            using var seed = DerivedKey.Derive(attacker, "sb1/rewrap"u8);
            using var pair = new IdentityKey(seed.Bytes);
            _bench.Target.Replace(name, UnlockerCodec.Encode(victim with { Wrapping = pair.Recipient }));
        }

        // The change is refused, and nothing was sealed to the attacker.
        await VaultBench.RefusedAsync(FaultCodes.UnlockerMissing, () => AddAsync(owner, Second, owner.Register.Unlockers[owner.Self][0].Id.ToString()));
        Assert.All(await VaultKeys.ListAsync(owner, Token), static key => Assert.Equal("unreadable", key.Kind));
        Assert.All(_bench.Target.Objects.Where(pair => pair.Key.Value.StartsWith("keys/", StringComparison.Ordinal)), pair =>
            Assert.Null(Unlocker.Read(pair.Value, owner.Id, ObjectHeader.Read(pair.Value.Span).Object).TryOpen(attacker)));
    }

    [Fact]
    public async Task What_a_target_does_not_delete_is_said_and_counts_no_more()
    {
        using (await _bench.CreateAsync(hasPassphrase: true))
        {
        }

        using var key = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        using var owner = await (await LockedVault.OpenAsync(new KeepingTarget(_bench.Target), Token)).UnlockAsync(key, _bench.Host(), Token);
        await VaultKeys.RemoveAsync(owner, ["passphrase"], Token);
        Assert.Contains(FaultCodes.OldKeyRemains, _bench.Sink.Codes);
        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => _bench.OpenByPassphraseAsync());

        // The next change, where deleting works, takes them away.
        using var plain = await _bench.OpenByFileAsync();
        await VaultKeys.AddKeyFileAsync(plain, _bench["new.key"], "new", ["key file"], Token);
        Assert.Empty(Unnamed(plain));
    }

    [Fact]
    public async Task An_earlier_vault_takes_up_its_keys_when_one_is_added_and_says_what_it_cannot_carry_over()
    {
        using var earlier = new EarlierVault();
        using (var owner = await earlier.OpenByFileAsync())
        {
            var keys = await VaultKeys.ListAsync(owner, Token);
            Assert.Equal(2, keys.Count);
            var byFile = keys.Single(static key => key.Kind is "key file").Id.ToString();
            var byPassphrase = keys.Single(static key => key.Kind is "passphrase").Id.ToString();
            await VaultBench.RefusedAsync(FaultCodes.UnlockerNotRenewable, () => VaultKeys.RemoveAsync(owner, [byPassphrase], Token));
            await VaultKeys.AddKeyFileAsync(owner, earlier["new.key"], "new", [], Token);
            Assert.Equal(3, owner.Register.Unlockers[owner.Self].Count);
            using (await earlier.OpenByPassphraseAsync())
            {
            }

            await VaultKeys.RemoveAsync(owner, [byFile, byPassphrase], Token);
        }

        using var opened = await earlier.OpenByFileAsync(earlier["new.key"]);
        Assert.Single(earlier.Unlockers);
    }

    /// <summary>Nothing names an earlier vault's unlockers, so storage may add one; what is named once is what later bundle keys are sealed to.</summary>
    [Fact]
    public async Task An_earlier_vault_does_not_take_up_an_unlocker_with_a_wrapping_key_of_the_storages_own()
    {
        using var earlier = new EarlierVault();
        using var attacker = RootKey.Create();
        using var owner = await earlier.OpenByFileAsync();
        var old = (await VaultKeys.ListAsync(owner, Token)).Select(static key => key.Id.ToString()).ToList();
        var header = new ObjectHeader(ObjectKind.Unlocker, 0, owner.Id, ObjectId.Random());
        earlier.Target.Replace(ObjectNames.Unlocker(header.Object), new Unlocker(header, UnlockerKind.KeyFile, owner.Self, "key file 2", default).Seal(attacker, attacker));

        await VaultKeys.AddKeyFileAsync(owner, earlier["new.key"], "new", [], Token);
        Assert.DoesNotContain(owner.Register.Unlockers[owner.Self], named => named.Id == header.Object);
        Assert.Equal(3, owner.Register.Unlockers[owner.Self].Count);
        Assert.Contains(FaultCodes.UnlockerUnusable, earlier.Sink.Codes);
        await VaultKeys.RemoveAsync(owner, old, Token);
        foreach (var named in owner.Register.Unlockers[owner.Self])
        {
            Assert.Null(Unlocker.Read(earlier.Target.Objects[ObjectNames.Unlocker(named.Id)], owner.Id, named.Id).TryOpen(attacker));
        }
    }

    [Fact]
    public async Task A_change_that_finds_the_register_obstructed_leaves_nothing()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        _bench.Target.Replace(ObjectNames.RegisterEntry(1), "rubbish"u8);
        await VaultBench.RefusedAsync(FaultCodes.RegisterObstructed, () => VaultKeys.AddKeyFileAsync(owner, _bench["new.key"], "new", ["passphrase"], Token));
        Assert.Empty(Unnamed(owner));
        Assert.False(File.Exists(_bench["new.key"]));
    }

    private static async Task<KeyChange> AddAsync(UnlockedVault owner, string passphrase, string? replaced = null, string? label = null)
    {
        using var credential = new PassphraseCredential(passphrase.AsMemory());
        return await VaultKeys.AddPassphraseAsync(owner, credential, label ?? (passphrase is Second ? "second" : "third"), replaced is null ? [] : [replaced], VaultBench.Cheap, Token);
    }

    /// <summary>Unlockers and bundles on the target that the register does not name.</summary>
    private List<ObjectName> Unnamed(UnlockedVault owner)
    {
        var named = owner.Register.Unlockers.Values.SelectMany(static unlockers => unlockers).Select(static unlocker => ObjectNames.Unlocker(unlocker.Id))
            .Concat(owner.Register.Bundles.Values.Select(ObjectNames.Bundle)).ToHashSet();
        return [.. _bench.Target.Objects.Keys.Where(name => (name.Value.StartsWith("keys/", StringComparison.Ordinal) || name.Value.StartsWith("bundles/", StringComparison.Ordinal)) && !named.Contains(name))];
    }

    /// <summary>Lets nobody delete.</summary>
    private sealed class KeepingTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

        public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) => throw new TargetException(TargetFault.AccessDenied, $"'{name}' is kept.");
    }
}
