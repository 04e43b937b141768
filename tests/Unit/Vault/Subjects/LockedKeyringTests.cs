using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

/// <summary>While the store keeps what may hold a customer's key, she is not erased, and that is said.</summary>
public sealed class LockedKeyringTests : IDisposable
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task One_locked_leaf_keeps_nothing_else_and_the_erasure_is_done_when_it_is_gone()
    {
        var target = await CreateAsync();
        using var owner = await OpenAsync(target);
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        var leaf = _bench.Single(ObjectNames.KeyringLeaves);
        target.Keeps = name => name == leaf;

        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        Assert.Equal((ErasureState.KeysRemain, 0, 0), (outcome.State, outcome.KeysDestroyed, outcome.DataSets.Count));
        Assert.Contains(_bench.Sink.Codes, static code => code == FaultCodes.ErasedKeysRemain);
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Equal(
            (1, 1, 2, 0),
            (CountOf(ObjectNames.KeyringRoots), CountOf(ObjectNames.KeyringEpochs), CountOf(ObjectNames.KeyringLeaves), CountOf(ObjectNames.KeyringAdditions)));

        _bench.Time.Advance(Retention);
        outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        Assert.Equal((ErasureState.Erased, 1, 0u), (outcome.State, outcome.KeysDestroyed, outcome.Entry!.Number));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
    }

    /// <summary>A vault that is at work always has young objects under a default retention: they hold nothing of who was erased before.</summary>
    [Fact]
    public async Task What_was_stored_long_after_an_erasure_does_not_hold_it_up()
    {
        var target = await CreateAsync();
        using var owner = await OpenAsync(target);
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        Assert.Equal(ErasureState.KeysRemain, Assert.Single(await SubjectScene.EraseAsync(owner, "Anna")).State);

        _bench.Time.Advance(Retention - TimeSpan.FromDays(1));
        await SubjectScene.AddAsync(owner, "members", "Carla");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        Assert.Equal(ErasureState.KeysRemain, Assert.Single(await SubjectScene.EraseAsync(owner, "Anna")).State);

        _bench.Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        var outcomes = await SubjectScene.EraseAsync(owner, "Anna", "Carla");
        Assert.Equal([ErasureState.Erased, ErasureState.KeysRemain], outcomes.OrderBy(static outcome => outcome.Entry!.Number).Select(static outcome => outcome.State));
        Assert.Equal("0 1 0", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));
    }

    /// <summary>Where two owners sign, the rewrite that erased the first stands while that for the second waits.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_one_erasure_replaced_goes_although_another_one_waits(bool isLocked)
    {
        var target = await CreateAsync();
        target.Keeps = static _ => false;
        using var ann = await OpenAsync(target);
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, Token);
        await SubjectScene.AddAsync(ann, "members", "Anna", "Bert");
        await new KeyringRewriter(ann.RequireReader()).RunAsync(Token);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        using var bob = await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
        var (old, leaf) = (KeyringNames(), _bench.Single(ObjectNames.KeyringLeaves));
        target.Keeps = name => isLocked && name == leaf;

        await SubjectScene.EraseAsync(bob, "Anna");
        var first = Assert.Single(await PendingChanges.ListAsync(ann, Token));
        await SubjectScene.EraseAsync(bob, "Bert");
        Assert.True(IsCached(ann, "Anna"));
        var outcome = Assert.Single((await PendingChanges.ApproveAsync(ann, first, Token)).Erased);
        Assert.Equal((ann.Keys.PseudonymOf("Anna"), isLocked ? ErasureState.KeysRemain : ErasureState.Erased), (outcome.Subject, outcome.State));
        Assert.Equal(isLocked ? [leaf] : [], old.Intersect(KeyringNames()));
        Assert.Equal("0 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        Assert.Equal((false, true), (IsCached(ann, "Anna"), IsCached(ann, "Bert")));

        _bench.Time.Advance(Retention);
        Assert.Equal(ErasureState.Erased, Assert.Single(await SubjectScene.EraseAsync(ann, "Anna")).State);
        Assert.Empty(old.Intersect(KeyringNames()));
        await bob.RefreshAsync(Token);
        var second = Assert.Single(await PendingChanges.ListAsync(bob, Token), static change => !change.IsStale);
        Assert.Equal(ErasureState.Erased, Assert.Single((await PendingChanges.ApproveAsync(bob, second, Token)).Erased).State);
        Assert.Equal("0 0", await SubjectScene.CountAsync(bob, "Anna", "Bert"));
        await SubjectScene.RequireNothingLeftOverAsync(bob, _bench.Target);
    }

    private static bool IsCached(UnlockedVault vault, string subject)
    {
        var isFound = false;
        using var cached = SubjectKeyCache.Of(vault, vault.Keys.DataSetIdOf("members")).TryOpen();
        cached!.Keys.Find(vault.Keys.PseudonymOf(subject).Value.ToArray(), _ => isFound = true);
        return isFound;
    }

    private List<ObjectName> KeyringNames() => [.. _bench.Target.Objects.Keys.Where(static name => name.Value.StartsWith(ObjectNames.Keyring, StringComparison.Ordinal))];

    private async Task<RetainingTarget> CreateAsync()
    {
        (await _bench.CreateAsync()).Dispose();
        return new RetainingTarget(_bench.Target, _bench.Time, Retention);
    }

    private async Task<UnlockedVault> OpenAsync(RetainingTarget target)
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await (await LockedVault.OpenAsync(target, Token)).UnlockAsync(credential, _bench.Host(), Token);
    }

    private int CountOf(string folder) => SubjectScene.CountOf(_bench.Target, folder);
}
