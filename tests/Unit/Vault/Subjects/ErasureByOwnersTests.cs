using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

public sealed class ErasureByOwnersTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task An_owner_who_is_added_later_gets_into_the_keyring_at_once_and_erases()
    {
        using var ann = await _bench.CreateAsync();
        await SubjectScene.AddAsync(ann, "members", "Anna", "Bert");
        await new KeyringRewriter(ann.RequireReader()).RunAsync(Token);
        using var bob = await AddOwnerAsync(ann);
        Assert.Equal("1 1", await SubjectScene.CountAsync(bob, "Anna", "Bert"));
        Assert.Equal(ErasureState.Erased, Assert.Single(await SubjectScene.EraseAsync(bob, "Anna")).State);
        Assert.Equal("0 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        await SubjectScene.RequireNothingLeftOverAsync(ann, _bench.Target);
    }

    [Fact]
    public async Task Where_two_owners_must_sign_nothing_is_destroyed_before_the_second_has_signed()
    {
        using var ann = await _bench.CreateAsync();
        using var bob = await AddOwnerAsync(ann);
        await SubjectScene.AddAsync(ann, "members", "Anna", "Bert");
        await new KeyringRewriter(ann.RequireReader()).RunAsync(Token);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);

        Assert.Equal(ErasureState.Pending, Assert.Single(await SubjectScene.EraseAsync(ann, "Anna")).State);
        Assert.Equal("1 1", await SubjectScene.CountAsync(bob, "Anna", "Bert"));
        Assert.Equal(ErasureState.Pending, Assert.Single(await SubjectScene.EraseAsync(ann, "Anna")).State);
        var change = Assert.Single(await PendingChanges.ListAsync(bob, Token));
        Assert.Equal(1u, (await ErasureLedger.ReadAsync(bob, null, Token)).Length);

        var signed = await PendingChanges.ApproveAsync(bob, change, Token);
        Assert.False(signed.IsPending);
        var byBob = Assert.Single(signed.Erased);
        Assert.Equal((ErasureState.Erased, 1, 0u, ann.Keys.PseudonymOf("Anna")), (byBob.State, byBob.KeysDestroyed, byBob.Entry!.Number, byBob.Subject));
        Assert.Equal("0 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        var done = Assert.Single(await SubjectScene.EraseAsync(ann, "Anna"));
        Assert.Equal((ErasureState.Erased, 0u), (done.State, done.Entry!.Number));
        await SubjectScene.RequireNothingLeftOverAsync(ann, _bench.Target);
    }

    [Fact]
    public async Task Where_two_owners_must_sign_the_last_signature_destroys_and_a_released_hold_resumes()
    {
        using var ann = await _bench.CreateAsync();
        using var bob = await AddOwnerAsync(ann);
        await SubjectScene.AddAsync(ann, "members", "Anna", "Bert");
        var members = ann.Keys.DataSetIdOf("members");
        var (hold, _) = await LegalHolds.PlaceAsync(
            ann, new HoldRequest(HoldScope.DataSet, members.Value, [members], "members") { Reason = "tax audit", Owner = "finance" }, Token);
        Assert.Equal(ErasureState.Deferred, Assert.Single(await SubjectScene.EraseAsync(ann, "Anna")).State);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        Assert.True((await LegalHolds.ReleaseAsync(ann, hold.Placed.Id, "audit closed", Token)).IsPending);
        await bob.RefreshAsync(Token);

        // The signature releases the hold, and the erasure that follows is proposed in the same step.
        var released = await PendingChanges.ApproveAsync(bob, Assert.Single(await PendingChanges.ListAsync(bob, Token)), Token);
        Assert.False(released.IsPending);
        Assert.Empty(bob.Register.Holds);
        await ann.RefreshAsync(Token);
        var erasure = Assert.Single(await PendingChanges.ListAsync(ann, Token), static change => !change.IsStale);
        var waits = Assert.Single(released.Erased);
        Assert.Equal((ErasureState.Pending, erasure.Id), (waits.State, waits.Change));
        Assert.Equal("1 1", await SubjectScene.CountAsync(bob, "Anna", "Bert"));
        var last = await PendingChanges.ApproveAsync(ann, erasure, Token);
        Assert.Equal((ErasureState.Erased, 1), (Assert.Single(last.Erased).State, last.Erased[0].KeysDestroyed));
        Assert.Equal("0 1", await SubjectScene.CountAsync(bob, "Anna", "Bert"));
        await SubjectScene.RequireNothingLeftOverAsync(ann, _bench.Target);

        // Additions alone ask nobody for a signature.
        await SubjectScene.AddAsync(ann, "members", "Carla");
        Assert.Equal(0, (await new KeyringRewriter(ann.RequireReader()).RunAsync(Token)).KeysFolded);
        Assert.Empty(await PendingChanges.ListAsync(ann, Token));
    }

    private async Task<UnlockedVault> AddOwnerAsync(UnlockedVault ann)
    {
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, Token);
        return await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
    }
}
