using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class RevocationTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_known_stays_valid_and_what_a_revoked_writer_signs_with_any_clock_does_not(bool beginsEpoch)
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "shop01");
        var first = await _bench.BackUpAsync(thief);
        var second = await _bench.BackUpAsync(thief);
        var catalogOfThief = await SnapshotCatalog.LoadAsync(thief, None);
        var result = await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen from the shop") { BeginsEpoch = beginsEpoch }, None);
        Assert.Equal([second.Reference], result.LastValid);
        Assert.Equal(beginsEpoch ? 2U : 1U, owner.Keys.Epoch);

        // A program that refreshes finds out; the thief's does not. Its claimed time lies before everything.
        var early = new Timestamp(0, 0);
        var summary = VaultBench.SummaryOf(thief, "crm", [], []) with { PackCount = 0, StartedAt = early, EndedAt = early };
        var late = await new ManifestWriter(thief, catalogOfThief).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), None);
        await CondemnedMarkers.WriteAsync(thief, [new PackId(Id256.Random())], None);
        await RemovalRecord.WriteAsync(thief, [first], "gone", None);

        var catalog = await SnapshotCatalog.LoadAsync(owner, None);
        Assert.Equal([second.Id, first.Id], catalog.Snapshots.Select(static snapshot => snapshot.Id));
        Assert.Contains(catalog.Problems, problem => problem.Code == FaultCodes.DataSetNotEntitled && problem.Message.Contains(late.Id.ToString(), StringComparison.Ordinal));
        Assert.Empty(await CondemnedMarkers.LoadAsync(owner, _bench.Time.GetUtcNow(), None));
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => _bench.OpenByFileAsync(_bench["shop01.key"], "shop01"));
    }

    [Fact]
    public async Task A_thief_that_forked_more_than_an_entry_can_name_is_removed_by_the_last_that_is_trusted()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "shop01");
        var trusted = await _bench.BackUpAsync(thief);
        var forks = Enumerable.Range(0, 10_001).Select(_ => new RemovedSnapshot(new ManifestReference(new SnapshotId(Id256.Random()), new ContentHash(Id256.Random())), thief.Self, 0, [])).ToList();
        await RemovalRecord.WriteAsync(owner, forks, [.. forks.Select(static _ => "rubbish")], [], None);
        var refusal = await VaultBench.RefusedAsync(FaultCodes.TooManyEnds, () => MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), None));
        Assert.Contains("-LastTrusted", refusal.Message, StringComparison.Ordinal);
        Assert.False(owner.Register.Find(thief.Self)!.IsRevoked);
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen") { LastTrusted = [trusted] }, None);
        Assert.Equal([trusted.Id], (await SnapshotCatalog.LoadAsync(owner, None)).Snapshots.Select(static snapshot => snapshot.Id));
    }

    [Fact]
    public async Task A_revoked_member_gets_nothing_of_the_new_epoch_and_its_program_ends_with_that_word()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "shop01");
        using var honest = await _bench.OpenAsWriterAsync(owner, "shop02");
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), None);
        Assert.False(owner.Register.Grants.ContainsKey((thief.Self, 2)));
        await thief.RefreshAsync(None);
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => Task.FromResult(thief.Keys));
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => Task.Run(() => thief.RequireRole(MemberRoles.Writer)));
        Assert.Null(thief.TryKeysOf(2));

        var snapshot = await _bench.BackUpAsync(honest);
        Assert.Equal(2U, snapshot.Epoch);
        var seen = await SnapshotCatalog.LoadAsync(thief, None);
        Assert.DoesNotContain(snapshot.Id, seen.Snapshots.Select(static item => item.Id));
        Assert.Contains(seen.Problems, static problem => problem.Code == FaultCodes.KeyNotGranted);
    }

    [Fact]
    public async Task Two_ends_of_a_chain_both_stay_and_a_chosen_end_drops_what_came_after_it()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "shop01");
        var first = await _bench.BackUpAsync(thief);
        var catalog = await SnapshotCatalog.LoadAsync(thief, None);
        var left = await new ManifestWriter(thief, catalog).CommitAsync(VaultBench.SummaryOf(thief, "crm", [], []), VaultBench.SomeOwnerPart(), Id256.Random(), None);
        var right = await new ManifestWriter(thief, catalog).CommitAsync(VaultBench.SummaryOf(thief, "crm", [], []), VaultBench.SomeOwnerPart(), Id256.Random(), None);
        var before = _bench.Target.Clone();
        var all = await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), None);
        Assert.Equal(new[] { left.Reference, right.Reference }.ToHashSet(), all.LastValid.ToHashSet());
        Assert.Equal(3, (await SnapshotCatalog.LoadAsync(owner, None)).Snapshots.Count);

        _bench.Target = before;
        using var again = await _bench.OpenByFileAsync(host: "other");
        var trusted = (await SnapshotCatalog.LoadAsync(again, None)).Resolve(first.Id.ToString());
        var cut = await MemberRevocation.RevokeAsync(again, new RevocationRequest(thief.Self, "stolen long ago") { LastTrusted = [trusted] }, None);
        Assert.Equal(2, cut.Dropped);
        Assert.Equal(first.Id, Assert.Single((await SnapshotCatalog.LoadAsync(again, None)).Snapshots).Id);
    }

    [Fact]
    public async Task The_chain_leads_through_snapshots_that_were_removed()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        var first = await _bench.BackUpAsync(writer);
        var second = await _bench.BackUpAsync(writer);
        await RemovalRecord.WriteAsync(owner, [second], "expired", None);
        _bench.Target.Remove(ObjectNames.Manifest(second.Id));
        var result = await MemberRevocation.RevokeAsync(owner, new RevocationRequest(writer.Self, "replaced"), None);
        Assert.Equal([second.Reference], result.LastValid);
        var catalog = await SnapshotCatalog.LoadAsync(owner, None);
        Assert.Empty(catalog.Problems);
        Assert.Equal(first.Id, Assert.Single(catalog.Snapshots).Id);
    }

    [Fact]
    public async Task What_a_maintainer_removed_stays_removed_and_what_it_only_said_to_remove_comes_back()
    {
        using var owner = await _bench.CreateAsync();
        await MemberAdmission.AddAsync(owner, new NewMember("nas", MemberRoles.Maintainer) { KeyFilePath = _bench["nas.key"] }, None);
        using var maintainer = await _bench.OpenByFileAsync(_bench["nas.key"], "nas");
        var gone = await _bench.BackUpAsync(owner);
        var said = await _bench.BackUpAsync(owner);
        await RemovalRecord.WriteAsync(maintainer, [gone, said], "expired", None);
        _bench.Target.Remove(ObjectNames.Manifest(gone.Id));
        Assert.Empty((await SnapshotCatalog.LoadAsync(owner, None)).Snapshots);
        var result = await MemberRevocation.RevokeAsync(owner, new RevocationRequest(maintainer.Self, "broken into"), None);
        Assert.Equal(1, result.RemovalsKept);
        var catalog = await SnapshotCatalog.LoadAsync(owner, None);
        Assert.DoesNotContain(catalog.Problems, static problem => problem.Code == FaultCodes.SnapshotMissing);
        Assert.Equal(said.Id, Assert.Single(catalog.Snapshots).Id);
    }

    [Fact]
    public async Task The_last_owner_oneself_strangers_and_the_revoked_cannot_be_removed()
    {
        using var ann = await _bench.CreateAsync();
        await VaultBench.RefusedAsync(FaultCodes.OwnRevocation, () => MemberRevocation.RevokeAsync(ann, new RevocationRequest(ann.Self, "leaves"), None));
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, None);
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, None);
        using var bob = await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
        await VaultBench.RefusedAsync(FaultCodes.OwnersTooFew, () => MemberRevocation.RevokeAsync(bob, new RevocationRequest(ann.Self, "left"), None));
        await VaultBench.RefusedAsync(FaultCodes.NoSuchMember, () => MemberRevocation.RevokeAsync(bob, new RevocationRequest(new MemberId(Id256.Random()), "?"), None));
    }

    [Fact]
    public async Task An_owner_who_leaves_opens_nothing_any_more_and_a_member_is_revoked_once()
    {
        using var ann = await _bench.CreateAsync();
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, None);
        using var bob = await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
        await MemberRevocation.RevokeAsync(ann, new RevocationRequest(bob.Self, "left the company"), None);
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => _bench.OpenByFileAsync(_bench["bob.key"], "bob-2"));
        await bob.RefreshAsync(None);
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => bob.AppendAsync([VaultPolicy.Default], None));
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => MemberRevocation.RevokeAsync(ann, new RevocationRequest(bob.Self, "again"), None));
        _bench.ForceEntry(ann, static entry => entry with { Changes = [VaultPolicy.Default] }, bob.SelfKey);
        Assert.NotNull((await LockedVault.OpenAsync(_bench.Target, None)).Obstruction);
    }

    /// <summary>A rotation grants the new epoch to the same owner's keys: whoever has those, from a key and a copy of the folder, has it too.</summary>
    [Fact]
    public async Task Rotation_alone_does_not_shut_out_who_holds_an_owners_keys_and_a_new_owner_in_its_place_does()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await OpenCopyAsync();
        await EpochRotation.RotateAsync(owner, "too little", None);
        await FeedAsync(thief);
        Assert.Equal(2U, thief.Keys.Epoch);

        await MemberAdmission.AddAsync(owner, new NewMember("ann-2", MemberRoles.Owner) { KeyFilePath = _bench["ann-2.key"] }, None);
        using var anew = await _bench.OpenByFileAsync(_bench["ann-2.key"], "anew");
        await MemberRevocation.RevokeAsync(anew, new RevocationRequest(owner.Self, "key and copy stolen"), None);
        await FeedAsync(thief);
        Assert.Null(thief.TryKeysOf(3));
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => Task.FromResult(thief.Keys));
        await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => thief.AppendAsync([VaultPolicy.Default], None));
        Assert.Equal(3U, anew.Keys.Epoch);
    }

    [Fact]
    public async Task Of_three_owners_two_remove_the_one_whose_key_is_lost()
    {
        using var ann = await _bench.CreateAsync();
        foreach (var name in new[] { "bob", "cid" })
        {
            await MemberAdmission.AddAsync(ann, new NewMember(name, MemberRoles.Owner) { KeyFilePath = _bench[$"{name}.key"] }, None);
        }

        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, None);
        using var bob = await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
        await MemberRevocation.RevokeAsync(bob, new RevocationRequest(MemberChange.Find(bob.Register, "cid").Entry.Id, "key lost"), None);
        await PendingChanges.ApproveAsync(ann, Assert.Single(await PendingChanges.ListAsync(ann, None)), None);
        Assert.True(ann.Register.Find(MemberChange.Find(ann.Register, "cid").Entry.Id)!.IsRevoked);
        await VaultBench.RefusedAsync(FaultCodes.OwnersTooFew, () => MemberRevocation.RevokeAsync(ann, new RevocationRequest(bob.Self, "one would be left"), None));
    }

    [Fact]
    public async Task A_register_from_before_the_revocation_is_rolled_back_to_whoever_knows_it()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        using var thief = await _bench.OpenAsWriterAsync(owner, "shop01");
        var before = _bench.Target.Clone();
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(thief.Self, "stolen"), None);
        (await _bench.OpenByFileAsync()).Dispose();
        var after = _bench.Target;
        using var honest = await _bench.OpenAsWriterAsync(owner, "shop02");
        var snapshot = await _bench.BackUpAsync(honest);
        _bench.Target = before;
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => _bench.OpenByFileAsync());
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => _bench.OpenByFileAsync(_bench["shop02.key"], "shop02-b"));

        // On an empty machine without a pin the manifest of somebody who knew more tells on it.
        before.Replace(ObjectNames.Manifest(snapshot.Id), after.Objects[ObjectNames.Manifest(snapshot.Id)].Span);
        using var ignorant = await _bench.OpenByPassphraseAsync(host: "empty");
        Assert.NotEmpty((await SnapshotCatalog.LoadAsync(ignorant, None)).Problems);
    }

    /// <summary>The vault as it was copied, open with the copied key on the thief's machine.</summary>
    private async Task<UnlockedVault> OpenCopyAsync()
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await (await LockedVault.OpenAsync(_bench.Target.Clone(), None)).UnlockAsync(credential, _bench.Host("thief"), None);
    }

    /// <summary>The thief sees everything that is stored later, too.</summary>
    private async Task FeedAsync(UnlockedVault thief)
    {
        foreach (var (name, bytes) in _bench.Target.Objects)
        {
            ((Engine.Targets.MemoryTarget)thief.Target).Replace(name, bytes.Span);
        }

        await thief.RefreshAsync(None);
    }
}
