using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class ApprovalTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task The_last_decision_counts_and_says_who_and_why()
    {
        using var owner = await _bench.CreateAsync();
        var suspect = await CommitAsync(owner, SnapshotOutcome.Suspect);
        Assert.Equal((SnapshotStanding.Suspect, null), (suspect.Standing, suspect.Decision));
        await ApprovalRecord.WriteAsync(owner, suspect, SnapshotVerdict.Approved, "the archive moved away", CancellationToken.None);
        var approved = await LoadAsync(owner);
        Assert.Equal((SnapshotStanding.Good, "the archive moved away", owner.Self), (approved.Standing, approved.Decision!.Reason, approved.Decision.By));

        // A clock that was set back does not make the later decision the earlier one.
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        using var late = await (await LockedVault.OpenAsync(_bench.Target, CancellationToken.None))
            .UnlockAsync(credential, _bench.Host() with { Time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch) }, CancellationToken.None);
        await ApprovalRecord.WriteAsync(late, approved, SnapshotVerdict.Rejected, "no, it was ransom", CancellationToken.None);
        Assert.Equal(SnapshotStanding.Rejected, (await LoadAsync(owner)).Standing);
        await ApprovalRecord.WriteAsync(owner, await LoadAsync(owner), SnapshotVerdict.Approved, "a drill", CancellationToken.None);
        Assert.Equal((SnapshotStanding.Good, 2L), ((await LoadAsync(owner)).Standing, (await LoadAsync(owner)).Decision!.Number));
    }

    [Fact]
    public async Task Of_two_decisions_at_once_the_cautious_one_counts()
    {
        using var owner = await _bench.CreateAsync();
        var suspect = await CommitAsync(owner, SnapshotOutcome.Suspect);
        await ApprovalRecord.WriteAsync(owner, suspect, SnapshotVerdict.Rejected, "looks like ransom", CancellationToken.None);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await ApprovalRecord.WriteAsync(owner, suspect, SnapshotVerdict.Approved, "looks fine", CancellationToken.None);
        Assert.Equal(SnapshotStanding.Rejected, (await LoadAsync(owner)).Standing);
    }

    [Fact]
    public async Task Where_somebody_took_the_last_number_a_refusal_counts_all_the_same()
    {
        using var owner = await _bench.CreateAsync();
        var suspect = await CommitAsync(owner, SnapshotOutcome.Suspect);
        var last = new SnapshotDecision(SnapshotVerdict.Rejected, long.MaxValue - 1, "x", owner.Now) { By = owner.Self };
        await ApprovalRecord.WriteAsync(owner, suspect with { Decision = last }, SnapshotVerdict.Approved, "for ever", CancellationToken.None);
        var approved = await LoadAsync(owner);
        Assert.Equal((SnapshotStanding.Good, long.MaxValue), (approved.Standing, approved.Decision!.Number));
        await ApprovalRecord.WriteAsync(owner, approved, SnapshotVerdict.Rejected, "not for ever", CancellationToken.None);
        var catalog = await SnapshotCatalog.LoadAsync(owner, CancellationToken.None);
        Assert.Empty(catalog.Problems);
        Assert.Equal(SnapshotStanding.Rejected, Assert.Single(catalog.Snapshots).Standing);
    }

    [Fact]
    public async Task A_writer_decides_nothing_and_a_broken_record_is_left_out()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        var suspect = await CommitAsync(writer, SnapshotOutcome.Suspect);
        await ApprovalRecord.WriteAsync(writer, suspect, SnapshotVerdict.Approved, "trust me", CancellationToken.None);
        var catalog = await SnapshotCatalog.LoadAsync(owner, CancellationToken.None);
        Assert.Equal(SnapshotStanding.Suspect, catalog.Snapshots[0].Standing);
        Assert.Equal(FaultCodes.SignerNotEntitled, Assert.Single(catalog.Problems).Code);
        var name = _bench.Single(ObjectNames.Approvals);
        _bench.Target.Replace(name, _bench.Target.Objects[name].Span[..90]);
        Assert.Equal(FaultCodes.Malformed, Assert.Single((await SnapshotCatalog.LoadAsync(owner, CancellationToken.None)).Problems).Code);
    }

    [Fact]
    public async Task What_a_verifier_refused_stays_refused_without_the_verifier_and_what_it_approved_is_to_be_decided_anew()
    {
        using var owner = await _bench.CreateAsync();
        await MemberAdmission.AddAsync(owner, new NewMember("eve", MemberRoles.Verifier) { KeyFilePath = _bench["eve.key"] }, CancellationToken.None);
        using var eve = await _bench.OpenByFileAsync(_bench["eve.key"], "eve");
        var suspect = await CommitAsync(owner, SnapshotOutcome.Suspect);
        var ransomed = await CommitAsync(owner, SnapshotOutcome.Succeeded);
        await ApprovalRecord.WriteAsync(eve, suspect, SnapshotVerdict.Approved, "looks fine", CancellationToken.None);
        await ApprovalRecord.WriteAsync(eve, ransomed, SnapshotVerdict.Rejected, "ransom", CancellationToken.None);
        var before = await SnapshotCatalog.LoadAsync(owner, CancellationToken.None);
        Assert.Equal(SnapshotStanding.Good, Assert.Single(before.Snapshots, snapshot => snapshot.Id == suspect.Id).Standing);
        Assert.Equal([suspect.Id], MemberRevocation.ApprovedBy(before, eve.Self).Select(static snapshot => snapshot.Id));

        var result = await MemberRevocation.RevokeAsync(owner, new RevocationRequest(eve.Self, "left"), CancellationToken.None);
        Assert.Equal(1, result.RejectionsKept);
        var after = await SnapshotCatalog.LoadAsync(owner, CancellationToken.None);
        Assert.Equal(SnapshotStanding.Suspect, Assert.Single(after.Snapshots, snapshot => snapshot.Id == suspect.Id).Standing);
        var refused = Assert.Single(after.Snapshots, snapshot => snapshot.Id == ransomed.Id);
        Assert.Equal((SnapshotStanding.Rejected, owner.Self), (refused.Standing, refused.Decision!.By));
        Assert.StartsWith("ransom", refused.Decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_decided_and_why_is_not_to_be_read_on_the_target()
    {
        using var owner = await _bench.CreateAsync();
        await ApprovalRecord.WriteAsync(owner, await CommitAsync(owner, SnapshotOutcome.Suspect), SnapshotVerdict.Approved, "because of the Smith case", CancellationToken.None);
        Assert.DoesNotContain("Smith", System.Text.Encoding.UTF8.GetString(_bench.Target.Objects[_bench.Single(ObjectNames.Approvals)].Span), StringComparison.Ordinal);
    }

    private static async Task<Snapshot> LoadAsync(UnlockedVault vault) => Assert.Single((await SnapshotCatalog.LoadAsync(vault, CancellationToken.None)).Snapshots);

    private static async Task<Snapshot> CommitAsync(UnlockedVault vault, SnapshotOutcome outcome) =>
        await new ManifestWriter(vault, await SnapshotCatalog.LoadAsync(vault, CancellationToken.None)).CommitAsync(
            VaultBench.SummaryOf(vault, "crm", [], []) with { Outcome = outcome }, VaultBench.SomeOwnerPart(), Id256.Random(), CancellationToken.None);
}
