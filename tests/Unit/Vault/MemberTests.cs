using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class MemberTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_owner_opens_with_keys_of_its_own_all_that_was_stored_in_any_epoch(bool byFile)
    {
        using var ann = await _bench.CreateAsync();
        await _bench.BackUpAsync(ann);
        await EpochRotation.RotateAsync(ann, null, None);
        await _bench.BackUpAsync(ann);
        var added = await MemberAdmission.AddAsync(ann, Owner("bob") with { Passphrase = "another four words".AsMemory(), Stretching = VaultBench.Cheap }, None);
        using var bob = byFile ? await _bench.OpenByFileAsync(_bench["bob.key"], "bob") : await _bench.OpenByPassphraseAsync("another four words", "bob");
        Assert.Equal(added.Id, bob.Self);
        bob.RequireOwner();
        var catalog = await SnapshotCatalog.LoadAsync(bob, None);
        Assert.Equal([2U, 1U], catalog.Snapshots.Select(static snapshot => snapshot.Epoch));
        Assert.All(catalog.Snapshots, snapshot => Assert.Equal("/srv/crm", Assert.Single(bob.RequireReader().OpenOwnerPart(snapshot).Roots).OriginalPath));

        // And whatever either of them begins is the other's too.
        await EpochRotation.RotateAsync(bob, null, None);
        await _bench.BackUpAsync(ann);
        Assert.Equal(3U, ann.Keys.Epoch);
        using var again = await _bench.OpenByFileAsync(host: "empty");
        Assert.All((await SnapshotCatalog.LoadAsync(again, None)).Snapshots, snapshot => again.RequireReader().OpenOwnerPart(snapshot));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_new_owner_finds_the_keys_of_subjects_and_erases_them(int needed)
    {
        using var ann = await _bench.CreateAsync();
        await MemberAdmission.AddAsync(ann, Owner("bob"), None);
        using var bob = await _bench.OpenByFileAsync(_bench["bob.key"], "bob");
        await SubjectScene.AddAsync(ann, SubjectScene.DataSet, "ada", "bo");
        await SubjectScene.EraseAsync(ann, "bo");
        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = needed }, None);
        await MemberAdmission.AddAsync(ann, Owner("cid"), None);
        foreach (var change in await PendingChanges.ListAsync(bob, None))
        {
            await PendingChanges.ApproveAsync(bob, change, None);
        }

        using var cid = await _bench.OpenByFileAsync(_bench["cid.key"], "cid");
        Assert.Equal("1 0", await SubjectScene.CountAsync(cid, "ada", "bo"));
    }

    [Theory]
    [InlineData(MemberRoles.Maintainer, false, "SECUREBACKUP MEMBER KEY")]
    [InlineData(MemberRoles.Auditor, false, "SECUREBACKUP MEMBER KEY")]
    [InlineData(MemberRoles.Verifier, false, "SECUREBACKUP MEMBER KEY")]
    [InlineData(MemberRoles.Verifier, true, "SECUREBACKUP MEMBER KEY")]
    [InlineData(MemberRoles.Writer, false, "SECUREBACKUP WRITER KEY")]
    [InlineData(MemberRoles.Writer | MemberRoles.Verifier, true, "SECUREBACKUP MEMBER KEY")]
    public async Task Each_role_opens_with_its_file_and_holds_exactly_its_keys(MemberRoles roles, bool mayRead, string label)
    {
        using var owner = await _bench.CreateAsync();
        await EpochRotation.RotateAsync(owner, null, None);
        var snapshot = await _bench.BackUpAsync(owner);
        await MemberAdmission.AddAsync(owner, new NewMember("pat", roles) { KeyFilePath = _bench["pat.key"], MayRead = mayRead }, None);
        Assert.Contains(label, File.ReadAllText(_bench["pat.key"]), StringComparison.Ordinal);
        using var pat = await _bench.OpenByFileAsync(_bench["pat.key"], "pat");
        Assert.Equal(snapshot.Id, Assert.Single((await SnapshotCatalog.LoadAsync(pat, None)).Snapshots).Id);
        foreach (var epoch in new[] { 1U, 2U })
        {
            var keys = pat.KeysOf(epoch);
            Assert.Equal(owner.KeysOf(epoch).Metadata.Bytes.ToArray(), keys.Metadata.Bytes.ToArray());
            Assert.Equal(roles == MemberRoles.Auditor, Refuses(() => keys.Index));
            Assert.Equal(roles is MemberRoles.Auditor or MemberRoles.Maintainer, Refuses(() => keys.ChunkId));
            Assert.Equal(roles is MemberRoles.Auditor or MemberRoles.Maintainer, Refuses(() => keys.Chunker));
            Assert.Equal(!mayRead, Refuses(() => pat.RequireReader().IdentityOf(epoch)));
        }

        // The right to read goes on into epochs that begin later.
        await EpochRotation.RotateAsync(owner, null, None);
        await pat.RefreshAsync(None);
        Assert.Equal(!mayRead, Refuses(() => pat.RequireReader().IdentityOf(3)));
        foreach (var role in new[] { MemberRoles.Maintainer, MemberRoles.Writer, MemberRoles.Verifier, MemberRoles.Auditor, MemberRoles.Owner })
        {
            Assert.Equal(!roles.HasFlag(role), Refuses(() => pat.RequireRole(role)));
        }

        Assert.True(Refuses(pat.RequireOwner));
    }

    [Fact]
    public async Task Rights_that_make_no_sense_are_refused_before_anything_is_written()
    {
        using var owner = await _bench.CreateAsync();
        var before = _bench.Target.Objects.Count;
        NewMember[] senseless =
        [
            new("x", MemberRoles.None) { KeyFilePath = _bench["x"] },
            new("x", (MemberRoles)64) { KeyFilePath = _bench["x"] },
            new("x", MemberRoles.Writer),
            new("x", MemberRoles.Writer) { KeyFilePath = _bench["x"], DataSets = [] },
            new("x", MemberRoles.Writer) { KeyFilePath = _bench["x"], MayRead = true },
            new("x", MemberRoles.Writer) { KeyFilePath = _bench["x"], Passphrase = "p".AsMemory() },
            new("x", MemberRoles.Auditor) { KeyFilePath = _bench["x"], DataSets = ["crm"] },
            new("x", MemberRoles.Owner) { KeyFilePath = _bench["x"], DataSets = ["crm"] },
            new("", MemberRoles.Auditor) { KeyFilePath = _bench["x"] },
        ];
        foreach (var member in senseless)
        {
            await VaultBench.RefusedAsync(FaultCodes.InvalidVaultOption, () => MemberAdmission.AddAsync(owner, member, None));
        }

        Assert.Equal((before, false), (_bench.Target.Objects.Count, File.Exists(_bench["x"])));
    }

    [Fact]
    public async Task Rights_change_and_what_rests_on_them_is_not_lost_by_it()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        await _bench.BackUpAsync(writer, "crm");
        var id = writer.Self;
        await VaultBench.RefusedAsync(FaultCodes.SnapshotsWouldBeLost, () => MemberChange.ApplyAsync(owner, id, new NewRights { Roles = MemberRoles.Auditor }, None));
        await VaultBench.RefusedAsync(FaultCodes.SnapshotsWouldBeLost, () => MemberChange.ApplyAsync(owner, id, new NewRights { DataSets = ["mail"] }, None));
        await VaultBench.RefusedAsync(FaultCodes.RoleNotChangeable, () => MemberChange.ApplyAsync(owner, id, new NewRights { Roles = MemberRoles.Owner }, None));
        await VaultBench.RefusedAsync(FaultCodes.RoleNotChangeable, () => MemberChange.ApplyAsync(owner, owner.Self, new NewRights { Roles = MemberRoles.Writer }, None));

        await MemberAdmission.AddAsync(owner, new NewMember("mia", MemberRoles.Maintainer | MemberRoles.Writer) { KeyFilePath = _bench["mia.key"] }, None);
        var mia = MemberChange.Find(owner.Register, "mia").Entry.Id;
        await VaultBench.RefusedAsync(FaultCodes.SnapshotsWouldBeLost, () => MemberChange.ApplyAsync(owner, mia, new NewRights { Roles = MemberRoles.Writer }, None));
        await VaultBench.RefusedAsync(FaultCodes.SnapshotsWouldBeLost, () => MemberChange.ApplyAsync(owner, mia, new NewRights { Roles = MemberRoles.Maintainer }, None));

        await MemberChange.ApplyAsync(owner, id, new NewRights { Roles = MemberRoles.Writer | MemberRoles.Verifier, DataSets = ["crm"], MayRead = true }, None);
        await writer.RefreshAsync(None);
        writer.RequireRole(MemberRoles.Verifier);
        Assert.True(writer.IsReader);
        Assert.False(writer.Register.Members[id].MayWrite(writer.Keys.DataSetIdOf("mail")));
        Assert.Single((await SnapshotCatalog.LoadAsync(writer, None)).Snapshots);

        await MemberChange.ApplyAsync(owner, id, new NewRights { Roles = MemberRoles.Writer, AllDataSets = true }, None);
        await writer.RefreshAsync(None);
        Assert.True(writer.Register.Members[id].MayWrite(writer.Keys.DataSetIdOf("mail")));
        Assert.False(writer.Register.Members[id].MayRead);
    }

    [Fact]
    public async Task Members_are_found_by_name_and_by_the_start_of_their_id()
    {
        using var owner = await _bench.CreateAsync();
        using var first = await _bench.OpenAsWriterAsync(owner, "shop01");
        using var second = await _bench.OpenAsWriterAsync(owner, "shop02");
        await WriterKeys.ExportAsync(owner, "SHOP02", _bench["again.key"], null, None);
        Assert.Equal(first.Self, MemberChange.Find(owner.Register, "Shop01").Entry.Id);
        Assert.Equal(second.Self, MemberChange.Find(owner.Register, second.Self.ToString()[..12]).Entry.Id);
        await VaultBench.RefusedAsync(FaultCodes.AmbiguousMember, () => Task.FromResult(MemberChange.Find(owner.Register, "shop02")));
        await VaultBench.RefusedAsync(FaultCodes.NoSuchMember, () => Task.FromResult(MemberChange.Find(owner.Register, "shop03")));
        await MemberRevocation.RevokeAsync(owner, new RevocationRequest(second.Self, "gone"), None);
        Assert.NotEqual(second.Self, MemberChange.Find(owner.Register, "shop02").Entry.Id);
    }

    [Fact]
    public async Task The_policy_changes_within_what_a_vault_can_live_with()
    {
        using var owner = await _bench.CreateAsync();
        var (policy, append) = await PolicyChange.ApplyAsync(owner, new NewPolicy { GraceTime = TimeSpan.FromDays(3), DeduplicationTrust = TrustedPacks.AllMembers }, None);
        Assert.False(append.IsPending);
        Assert.Equal(policy, (await LockedVault.OpenAsync(_bench.Target, None)).Register.Policy);
        Assert.Equal((TimeSpan.FromDays(3), TimeSpan.FromDays(1), TrustedPacks.AllMembers), (policy.GraceTime, policy.SessionLapse, policy.DeduplicationTrust));
        NewPolicy[] harmful =
        [
            new() { SessionLapse = TimeSpan.Zero }, new() { SessionLapse = TimeSpan.FromDays(31) }, new() { GraceTime = TimeSpan.FromMinutes(59) }, new() { GraceTime = TimeSpan.FromHours(1.5001) },
            new() { ErasureHorizon = TimeSpan.FromDays(-1) }, new() { RetentionFloor = TimeSpan.FromDays(40_000) }, new() { OwnersNeeded = 0 }, new() { OwnersNeeded = 33 },
        ];
        foreach (var wanted in harmful)
        {
            await VaultBench.RefusedAsync(FaultCodes.InvalidVaultOption, () => PolicyChange.ApplyAsync(owner, wanted, None));
        }

        await VaultBench.RefusedAsync(FaultCodes.OwnersTooFew, () => PolicyChange.ApplyAsync(owner, new NewPolicy { OwnersNeeded = 2 }, None));
        var head = owner.Register.Head;
        await PolicyChange.ApplyAsync(owner, new NewPolicy { GraceTime = TimeSpan.FromDays(3) }, None);
        Assert.Equal(head, owner.Register.Head);
    }

    [Fact]
    public async Task A_change_that_is_larger_than_an_entry_is_refused_and_locks_nobody_out()
    {
        using var owner = await _bench.CreateAsync();
        RegisterChange[] many = [.. Enumerable.Range(0, 1100).Select(static _ => new RegisterNote(new string('x', RegisterNote.MaxLength)))];
        await VaultBench.RefusedAsync(FaultCodes.EntryTooLarge, () => owner.AppendAsync(many, None));
        Assert.Equal(0U, (await LockedVault.OpenAsync(_bench.Target, None)).Register.Head.Number);
    }

    private NewMember Owner(string name) => new(name, MemberRoles.Owner) { KeyFilePath = _bench[$"{name}.key"] };

    private static bool Refuses(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (KeyException)
        {
            return true;
        }
    }

    private static bool Refuses(Func<object> get) => Refuses(() => { _ = get(); });
}
