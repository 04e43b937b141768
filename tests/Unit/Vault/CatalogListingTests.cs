using SecureBackup.Engine.Crypto;
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
            await VerificationRecord.WriteAsync(owner, kept.Reference, Found(owner.Now), Token);
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
    public async Task A_finding_that_another_took_the_place_of_meanwhile_is_found_in_its_successor()
    {
        using var owner = await _bench.CreateAsync();
        var snapshot = await _bench.BackUpAsync(owner);
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Found(owner.Now), Token);
        var former = _bench.Single(ObjectNames.Verifications);
        using var vault = await OpenAsync(_bench.Target);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        var now = owner.Now;
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Found(now), Token);
        _bench.Target.Remove(former);

        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);

        Assert.Equal(now.ToDateTimeOffset(), Assert.Single(catalog.Snapshots).LastVerifiedAt);
        Assert.Empty(catalog.Problems);
    }

    [Fact]
    public async Task All_lists_together_are_no_more_requests_at_once_than_one()
    {
        using var owner = await _bench.CreateAsync();
        foreach (var _ in Enumerable.Range(0, 12))
        {
            var snapshot = await _bench.BackUpAsync(owner);
            await VerificationRecord.WriteAsync(owner, snapshot.Reference, Found(owner.Now), Token);
            await ApprovalRecord.WriteAsync(owner, snapshot, SnapshotVerdict.Approved, "looked at", Token);
        }

        var busy = new BusyTarget(_bench.Target);
        using var vault = await OpenAsync(busy);
        Assert.Equal(12, (await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots.Count);
        Assert.InRange(busy.MostAtOnce, 2, ObjectStore.ParallelReads);
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
        var noted = new NotingTarget(_bench.Target) { Slow = "LIST approvals/" };
        await VaultBench.RefusedAsync(FaultCodes.NotAVault, () => LockedAsync(noted));
        noted.RequireEnded("LIST snapshots/", "LIST verifications/", "LIST approvals/");
    }

    [Fact]
    public async Task Keys_that_were_asked_for_and_not_needed_are_waited_for()
    {
        (await _bench.CreateAsync()).Dispose();
        var noted = new NotingTarget(_bench.Target) { Slow = "READ bundles/" };
        using var passphrase = new PassphraseCredential(VaultBench.Passphrase.AsMemory());
        var locked = await LockedAsync(noted);

        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => locked.UnlockAsync(passphrase, _bench.Host(), Token));

        noted.RequireEnded("READ bundles/");
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

    /// <summary>A relocation outlives its marker, and a run that slept may not know whoever signed it.</summary>
    [Fact]
    public async Task A_run_that_slept_knows_of_packs_that_a_maintainer_moved_whom_it_has_not_heard_of()
    {
        using var owner = await _bench.CreateAsync();
        using var sleeper = await _bench.OpenByFileAsync();
        await MemberAdmission.AddAsync(owner, new NewMember("keeper", MemberRoles.Maintainer) { KeyFilePath = _bench["keeper.key"] }, Token);
        var old = new PackId(Id256.Random());
        using (var keeper = await _bench.OpenByFileAsync(_bench["keeper.key"], "keeper"))
        {
            var header = keeper.NewHeader(ObjectKind.Relocation, isSealed: true);
            var relocation = new Relocation(keeper.Register.Head, [(old, new PackId(Id256.Random()))], keeper.Now);
            await keeper.Store.PutAsync(ObjectNames.Relocation(header.Object), relocation.Seal(header, keeper.Keys, keeper.SelfKey), Token);
        }

        Assert.Contains(old, await CondemnedMarkers.LoadAsync(sleeper, _bench.Time.GetUtcNow(), Token));
    }

    private static VerificationFinding Found(Timestamp time) => new(time, 3, 3, 1000, default, default, true, 0, VerificationDepth.EveryByte);

    /// <summary>A snapshot, with no time going by.</summary>
    private static async Task CommitAsync(UnlockedVault owner) => await new ManifestWriter(owner, await SnapshotCatalog.LoadAsync(owner, Token)).CommitAsync(
        VaultBench.SummaryOf(owner, "crm", [], await ReferenceSet.WriteAsync(owner, [new PackId(Id256.Random())], Token)), VaultBench.SomeOwnerPart(), Id256.Random(), Token);

    private async Task<LockedVault> LockedAsync(Target target) => await LockedVault.OpenAsync(target, CatalogListing.Begin(target, _bench.Time, Token), Token);

    /// <param name="host">One that made a snapshot itself would know of it.</param>
    private async Task<UnlockedVault> UnlockAsync(LockedVault locked, string host = "host")
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await locked.UnlockAsync(credential, _bench.Host(host), Token);
    }

    private async Task<UnlockedVault> OpenAsync(Target target, string host = "host") => await UnlockAsync(await LockedAsync(target), host);

    /// <summary>Holds each read back until others had their turn, many times, and counts how many are under way.</summary>
    private sealed class BusyTarget(Target inner) : DelegatingTarget(inner)
    {
        private readonly Lock _gate = new();
        private int _now;

        internal int MostAtOnce { get; private set; }

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                MostAtOnce = Math.Max(MostAtOnce, ++_now);
            }

            for (var turn = 0; turn < 200; turn++)
            {
                await Task.Yield();
            }

            await base.ReadAsync(name, offset, destination, cancellationToken);
            lock (_gate)
            {
                _now--;
            }
        }
    }
}
