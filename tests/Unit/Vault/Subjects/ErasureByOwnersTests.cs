using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

public sealed class ErasureByOwnersTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task An_owner_who_is_added_later_gets_into_the_keyring_with_its_next_change()
    {
        using var ann = await _bench.CreateAsync();
        await SubjectScene.AddAsync(ann, "members", "Anna", "Bert");
        await new KeyringRewriter(ann.RequireReader()).RunAsync(Token);
        using var bob = await AddOwnerAsync(ann);
        await VaultBench.RefusedAsync(FaultCodes.KeyringNotGranted, () => SubjectScene.CountAsync(bob, "Anna"));
        await new KeyringRewriter(ann.RequireReader()).RunAsync(Token);
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

        Assert.False((await PendingChanges.ApproveAsync(bob, change, Token)).IsPending);
        Assert.Equal("0 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        var done = Assert.Single(await SubjectScene.EraseAsync(ann, "Anna"));
        Assert.Equal((ErasureState.Erased, 0u), (done.State, done.Entry!.Number));
        await SubjectScene.RequireNothingLeftOverAsync(ann, _bench.Target);
    }

    private async Task<UnlockedVault> AddOwnerAsync(UnlockedVault ann)
    {
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, Token);
        return await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
    }
}
