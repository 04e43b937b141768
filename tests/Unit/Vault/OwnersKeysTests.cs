using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>Keys where there are several owners.</summary>
public sealed class OwnersKeysTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Each_owner_changes_its_own_keys_and_sees_those_of_all()
    {
        using var ann = await _bench.CreateAsync(hasPassphrase: true);
        using var bob = await AddBobAsync(ann);
        Assert.Equal(3, (await VaultKeys.ListAsync(bob, Token)).Count);
        await VaultBench.RefusedAsync(FaultCodes.NoSuchKey, () => VaultKeys.RemoveAsync(bob, ["passphrase"], Token));
        await VaultKeys.AddKeyFileAsync(bob, _bench["bob2.key"], "bob2", ["key file"], Token);
        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => _bench.OpenByFileAsync(_bench["bob.key"], "bob"));
        using var again = await _bench.OpenByFileAsync(_bench["bob2.key"], "bob");
        using var still = await _bench.OpenByPassphraseAsync(host: "ann");
        Assert.Equal((bob.Self, ann.Self), (again.Self, still.Self));
    }

    [Fact]
    public async Task A_change_that_waits_for_another_owner_changes_nothing_until_it_is_signed()
    {
        using var ann = await _bench.CreateAsync(hasPassphrase: true);
        using var bob = await AddBobAsync(ann);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        await bob.RefreshAsync(Token);
        var change = await VaultKeys.AddKeyFileAsync(ann, _bench["new.key"], "new", ["passphrase"], Token);
        Assert.True(change.Append.IsPending);
        using (await _bench.OpenByPassphraseAsync(host: "before"))
        {
        }

        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => _bench.OpenByFileAsync(_bench["new.key"], "early"));
        Assert.False((await PendingChanges.ApproveAsync(bob, Assert.Single(await PendingChanges.ListAsync(bob, Token)), Token)).IsPending);
        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => _bench.OpenByPassphraseAsync(host: "after"));
        using var byNew = await _bench.OpenByFileAsync(_bench["new.key"], "new");
        using var byOld = await _bench.OpenByFileAsync(host: "old");
        Assert.Equal(ann.Self, byNew.Self);

        // Ann's session was opened under the lock of before.
        await VaultBench.RefusedAsync(FaultCodes.KeysChangedMeanwhile, () => VaultKeys.RemoveAsync(ann, ["new"], Token));
    }

    /// <summary>The owner who gives the last signature deletes nothing of the one whose keys were locked anew; a change that waits needs what it names, however long.</summary>
    [Fact]
    public async Task What_changes_of_keys_left_behind_goes_and_what_a_change_that_waits_names_stays()
    {
        using var ann = await _bench.CreateAsync(hasPassphrase: true);
        using var bob = await AddBobAsync(ann);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        await bob.RefreshAsync(Token);
        await VaultKeys.AddKeyFileAsync(ann, _bench["new.key"], "new", ["passphrase"], Token);
        var crashed = ObjectNames.Unlocker(ObjectId.Random());
        _bench.Target.Replace(crashed, "of a change that broke off"u8);
        _bench.Time.Advance(TimeSpan.FromDays(29));
        Assert.Empty(await LeftoversAsync(bob));
        _bench.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal([crashed], await LeftoversAsync(bob));

        // A passphrase's and a key file's unlocker, and the bundle under them.
        await PendingChanges.ApproveAsync(bob, Assert.Single(await PendingChanges.ListAsync(bob, Token)), Token);
        var gone = await LeftoversAsync(bob);
        Assert.Equal(4, gone.Count);
        foreach (var name in gone)
        {
            await _bench.Target.DeleteAsync(name, Token);
        }

        using var byNew = await _bench.OpenByFileAsync(_bench["new.key"], "new");
        using var byOld = await _bench.OpenByFileAsync(host: "old");
        Assert.Empty(await LeftoversAsync(byOld));
        using var bobs = await _bench.OpenByFileAsync(_bench["bob.key"], "elsewhere");
        Assert.Equal(bob.Self, bobs.Self);
    }

    [Fact]
    public async Task An_owner_does_not_sign_for_keys_that_are_not_there()
    {
        using var ann = await _bench.CreateAsync(hasPassphrase: true);
        using var bob = await AddBobAsync(ann);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        await bob.RefreshAsync(Token);
        var before = _bench.Target.Objects.Keys.ToHashSet();
        await VaultKeys.RemoveAsync(ann, ["passphrase"], Token);
        _bench.Target.Remove(_bench.Target.Objects.Keys.First(name => name.Value.StartsWith(ObjectNames.Bundles, StringComparison.Ordinal) && !before.Contains(name)));
        var change = Assert.Single(await PendingChanges.ListAsync(bob, Token));
        await VaultBench.RefusedAsync(FaultCodes.UnlockerMissing, async () => await PendingChanges.ApproveAsync(bob, change, Token));
        using var ann2 = await _bench.OpenByPassphraseAsync(host: "still");
    }

    /// <summary>It would bring back a lock that another change has replaced meanwhile, and that was deleted: nobody could open it.</summary>
    [Fact]
    public async Task A_change_of_keys_that_went_stale_is_not_renewed()
    {
        using var ann = await _bench.CreateAsync(hasPassphrase: true);
        using var bob = await AddBobAsync(ann);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        await bob.RefreshAsync(Token);
        await VaultKeys.AddKeyFileAsync(ann, _bench["first.key"], "first", [], Token);
        var first = Assert.Single(await PendingChanges.ListAsync(bob, Token));
        var second = await VaultKeys.RemoveAsync(ann, ["passphrase"], Token);
        await PendingChanges.ApproveAsync(bob, await PendingChanges.FindAsync(bob, second.Append.Pending!.Value.ToString(), Token), Token);
        await VaultBench.RefusedAsync(FaultCodes.ChangeStale, () => PendingChanges.RenewAsync(bob, first, Token));
        using var opened = await _bench.OpenByFileAsync(host: "after");
    }

    [Fact]
    public async Task A_revoked_owner_is_told_so_and_its_keys_are_shown_no_more()
    {
        using var ann = await _bench.CreateAsync();
        using (await AddBobAsync(ann))
        {
        }

        await MemberRevocation.RevokeAsync(ann, new RevocationRequest(ann.Register.Members.Keys.Single(id => id != ann.Self), "left"), Token);
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => _bench.OpenByFileAsync(_bench["bob.key"], "bob"));
        Assert.Equal(ann.Self, Assert.Single(await VaultKeys.ListAsync(ann, Token)).Owner);
    }

    [Fact]
    public async Task Keys_that_are_carried_over_open_every_epoch()
    {
        using var ann = await _bench.CreateAsync(hasPassphrase: true);
        await EpochRotation.RotateAsync(ann, "yearly", Token);
        await VaultKeys.RemoveAsync(ann, ["passphrase"], Token);
        await EpochRotation.RotateAsync(ann, "theft", Token);
        using var opened = await _bench.OpenByFileAsync(host: "new");
        foreach (var epoch in new uint[] { 1, 2, 3 })
        {
            Assert.True(opened.RequireReader().IdentityOf(epoch).Recipient.Equals(opened.Register.Epochs[epoch]));
        }
    }

    private Task<IReadOnlyList<ObjectName>> LeftoversAsync(UnlockedVault owner) =>
        KeyTidying.LeftoversAsync(owner, _bench.Time.GetUtcNow().AddDays(-1), Token);

    private async Task<UnlockedVault> AddBobAsync(UnlockedVault ann)
    {
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, Token);
        return await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
    }
}
