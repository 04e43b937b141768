using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>What is asked between a place and its snapshots: as much at once as has no order, and an older listing only where it can stand for a new one.</summary>
public sealed class CatalogListingTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public CatalogListingTests() => _bench.Target = new MemoryTarget(_bench.Time, new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("LIST register/", "LIST snapshots/", "LIST verifications/", "LIST approvals/")]
    [InlineData("READ keys/", "READ bundles/")]
    [InlineData("READ snapshots/", "READ verifications/", "READ approvals/", "READ removals/")]
    public async Task What_has_no_order_is_asked_at_once(params string[] questions)
    {
        using (var owner = await _bench.CreateAsync())
        {
            var (removed, kept) = (await _bench.BackUpAsync(owner), await _bench.BackUpAsync(owner));
            await RemovalRecord.WriteAsync(owner, [removed], "old", Token);
            await VerificationRecord.WriteAsync(owner, kept.Reference, new VerificationFinding(owner.Now, 3, 3, 1000, default, default, true, 0, VerificationDepth.EveryByte), Token);
            await ApprovalRecord.WriteAsync(owner, kept, SnapshotVerdict.Approved, "looked at", Token);
        }

        var noted = new NotingTarget(_bench.Target) { AnswersTogether = questions };
        using var vault = await OpenAsync(noted);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);

        Assert.Empty(catalog.Problems);
        var snapshot = Assert.Single(catalog.Snapshots);
        Assert.True(snapshot is { IsVerified: true, Decision.Verdict: SnapshotVerdict.Approved });
        Assert.Equal(1, noted.CountOf("LIST snapshots/"));
    }

    [Fact]
    public async Task One_that_was_begun_early_serves_once_and_not_for_long()
    {
        using var owner = await _bench.CreateAsync();
        using var soon = await OpenAsync(_bench.Target, "another");
        using var late = await OpenAsync(_bench.Target, "a third");
        await CommitAsync(owner);

        _bench.Time.Advance(CatalogListing.MaxAge);
        Assert.Empty((await SnapshotCatalog.LoadAsync(soon, Token)).Snapshots);
        Assert.Single((await SnapshotCatalog.LoadAsync(soon, Token)).Snapshots);

        _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Single((await SnapshotCatalog.LoadAsync(late, Token)).Snapshots);
    }

    [Fact]
    public async Task It_is_as_of_the_opening_and_what_follows_it_is_not()
    {
        using var owner = await _bench.CreateAsync();
        var gone = await _bench.BackUpAsync(owner);
        using var vault = await OpenAsync(_bench.Target);
        _bench.Time.Advance(CatalogListing.MaxAge);
        await RemovalRecord.WriteAsync(owner, [gone], "meanwhile", Token);
        _bench.Target.Remove(ObjectNames.Manifest(gone.Id));

        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);

        Assert.Empty(catalog.Snapshots);
        Assert.Empty(catalog.Missing);
        Assert.Empty(catalog.Problems);
    }

    [Fact]
    public async Task A_view_takes_it_too()
    {
        (await _bench.CreateAsync()).Dispose();
        var noted = new NotingTarget(_bench.Target);
        using var vault = await OpenAsync(noted);
        using var view = vault.ForRun(_bench.Sink, noted);

        await SnapshotCatalog.LoadAsync(view, Token);
        Assert.Equal(1, noted.CountOf("LIST snapshots/"));
        await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Equal(2, noted.CountOf("LIST snapshots/"));
    }

    [Fact]
    public async Task Who_unlocks_a_second_time_lists_anew()
    {
        using var owner = await _bench.CreateAsync();
        var locked = await LockedAsync(_bench.Target);
        using (await UnlockAsync(locked))
        {
            await CommitAsync(owner);
        }

        using var second = await UnlockAsync(locked, "another");
        Assert.Single((await SnapshotCatalog.LoadAsync(second, Token)).Snapshots);
    }

    [Fact]
    public async Task One_that_failed_is_made_anew_and_that_says_why()
    {
        (await _bench.CreateAsync()).Dispose();
        var noted = new NotingTarget(_bench.Target) { Refused = ObjectNames.Approvals };
        using var vault = await OpenAsync(noted);
        Assert.Equal(1, noted.CountOf("LIST approvals/"));

        var failure = await Assert.ThrowsAsync<TargetException>(() => SnapshotCatalog.LoadAsync(vault, Token));

        Assert.Equal(TargetFault.AccessDenied, failure.Fault);
        Assert.Equal(2, noted.CountOf("LIST approvals/"));
    }

    [Fact]
    public async Task Nothing_is_under_way_any_more_when_there_is_no_vault()
    {
        var noted = new NotingTarget(_bench.Target);
        await VaultBench.RefusedAsync(FaultCodes.NotAVault, () => LockedAsync(noted));
        noted.RequireAnswered("LIST snapshots/", "LIST verifications/", "LIST approvals/");
    }

    [Fact]
    public async Task Keys_that_were_asked_for_and_not_needed_are_waited_for()
    {
        (await _bench.CreateAsync()).Dispose();
        var noted = new NotingTarget(_bench.Target);
        using var passphrase = new PassphraseCredential(VaultBench.Passphrase.AsMemory());
        var locked = await LockedAsync(noted);

        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => locked.UnlockAsync(passphrase, _bench.Host(), Token));

        noted.RequireAnswered("READ bundles/");
    }

    [Fact]
    public async Task Where_no_marker_was_listed_the_register_need_not_be_read_on()
    {
        using var owner = await _bench.CreateAsync();
        var noted = new NotingTarget(_bench.Target);
        using var vault = await OpenAsync(noted);
        var before = noted.CountOf("READ register/");
        Assert.Empty(await CondemnedMarkers.StandingAsync(vault, Token));
        Assert.Equal(before, noted.CountOf("READ register/"));

        await CondemnedMarkers.WriteAsync(owner, [new PackId(Id256.Random())], Token);
        Assert.Single(await CondemnedMarkers.StandingAsync(vault, Token));
        Assert.Equal(before + 1, noted.CountOf("READ register/"));
    }

    /// <summary>A snapshot, with no time going by.</summary>
    private static async Task CommitAsync(UnlockedVault owner) => await new ManifestWriter(owner, await SnapshotCatalog.LoadAsync(owner, Token)).CommitAsync(
        VaultBench.SummaryOf(owner, "crm", [], await ReferenceSet.WriteAsync(owner, [new PackId(Id256.Random())], Token)), VaultBench.SomeOwnerPart(), Id256.Random(), Token);

    private async Task<LockedVault> LockedAsync(Target target) => await LockedVault.OpenAsync(target, Token, CatalogListing.Begin(target, _bench.Time, Token));

    /// <param name="host">One that made a snapshot itself would know of it.</param>
    private async Task<UnlockedVault> UnlockAsync(LockedVault locked, string host = "host")
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await locked.UnlockAsync(credential, _bench.Host(host), Token);
    }

    private async Task<UnlockedVault> OpenAsync(Target target, string host = "host") => await UnlockAsync(await LockedAsync(target), host);
}
