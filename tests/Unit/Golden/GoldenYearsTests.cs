using System.Runtime.Versioning;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Pipeline;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>What the years have left in a golden vault beside its snapshots is read as it was meant.</summary>
[SupportedOSPlatform("linux")]
public sealed class GoldenYearsTests : IDisposable
{
    private readonly GoldenVault _golden = new(Path.Combine(GoldenVault.Root, GoldenYears.Name));
    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("owner", MemberRoles.Owner, true)]
    [InlineData("bob", MemberRoles.Owner, true)]
    [InlineData("tidy", MemberRoles.Maintainer, false)]
    [InlineData("check", MemberRoles.Verifier, true)]
    [InlineData("audit", MemberRoles.Auditor, false)]
    [InlineData("shop01", MemberRoles.Writer, false)]
    [InlineData("shop03", MemberRoles.Writer, false)]
    public async Task Every_member_opens_it_with_its_own_rights(string name, MemberRoles role, bool isReader)
    {
        using var vault = await OpenAsync(KeyOf(name));
        Assert.Equal((name, isReader), (vault.Register.Find(vault.Self)!.Name, vault.IsReader));
        Assert.True(vault.Register.Find(vault.Self)!.Roles.HasFlag(role));
        Assert.Equal(3U, vault.Keys.Epoch);
        Assert.Equal(4, (await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots.Count);
    }

    [Fact]
    public Task The_revoked_one_does_not() => VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => OpenAsync(KeyOf("shop02")));

    [Fact]
    public async Task Two_of_three_sheets_open_it_and_one_does_not()
    {
        List<RecoverySheet> sheets = [.. Directory.GetFiles(Path.Combine(_golden.Folder, GoldenYears.Sheets)).Order(StringComparer.Ordinal).Select(static path => RecoverySheet.Read(path, NullSink.Instance))];
        Assert.Equal(3, sheets.Count);
        await VaultBench.RefusedAsync(FaultCodes.TooFewShares, () => Task.FromResult(RecoveryShares.Combine([sheets[0]])));
        using var vault = await OpenAsync(RecoveryShares.Combine([sheets[2], sheets[0]]));
        Assert.Equal((2, 3), (Assert.Single(await VaultKeys.ListAsync(vault, Token), static key => key.IsInUse).Shares!.Value.Threshold, sheets.Count));
        sheets.ForEach(static sheet => sheet.Dispose());
    }

    [Fact]
    public async Task Its_register_says_what_was_done()
    {
        using var vault = await OpenAsync(KeyOf("owner"));
        var register = vault.Register;
        Assert.Equal((3U, 2, TimeSpan.FromDays(7), TrustedPacks.AllMembers), (register.NewestEpoch, register.Policy.OwnersNeeded, register.Policy.RetentionFloor, register.Policy.DeduplicationTrust));
        Assert.Equal(["shop02"], register.Members.Values.Where(static member => member.Entry.IsRevoked).Select(static member => member.Entry.Name));
        Assert.Equal(("lawsuit", "finance", "2026-7", "shop"), LegalHolds.Read(vault) is [var hold] ? (hold.Reason, hold.Owner, hold.Matter, hold.ScopeText) : default);
        Assert.Single(register.ReleasedHolds);
        Assert.Equal(4, (await VaultKeys.ListAsync(vault, Token)).Count);
        var waiting = Assert.Single(await PendingChanges.ListAsync(vault, Token));
        Assert.Equal(("bob", false, 2), (waiting.Proposer, waiting.IsStale, waiting.Needed));
        Assert.Contains("Key epoch 4 begins.", waiting.Changes);
    }

    [Fact]
    public async Task Its_records_say_what_was_done()
    {
        using var vault = await OpenAsync(KeyOf("owner"));
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Equal(13, catalog.Removed.Count);
        var shop = catalog.Snapshots.Where(static snapshot => snapshot.DataSet is "shop").OrderBy(static snapshot => snapshot.StartedAt).ToList();
        Assert.Equal((true, false), (shop[0].IsVerified, shop[1].IsVerified));
        Assert.Equal((SnapshotVerdict.Approved, "looked at"), (shop[1].Decision!.Verdict, shop[1].Decision!.Reason));
        var relocations = await RelocationMap.LoadAsync(vault, Token);
        Assert.NotEmpty(relocations.Stored);
        using var segments = await SegmentCatalog.LoadAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(), Token);
        Assert.Contains(segments.Segments, static segment => segment.IsMerged);
        Assert.Contains(segments.Segments, static segment => segment.IsAttestation);
    }

    [Fact]
    public async Task The_erased_one_has_the_records_alone_that_came_after()
    {
        using var vault = await OpenAsync(KeyOf("owner"));
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var counts = new List<int>();
        foreach (var expected in _golden.Expected.Where(static snapshot => snapshot.Records is not null))
        {
            counts.Add((await RecordScene.ReadAsync(vault, catalog.Resolve(expected.Id), GoldenYears.Erased)).Records.Count);
        }

        Assert.Equal([0, 1], counts);
        Assert.NotNull(vault.Register.LedgerHead);
        using var keyring = await SubjectKeyring.OpenAsync(vault.RequireReader(), Token);
        var keys = await keyring.OfSubjectAsync(GoldenYears.Erased, Token);
        Assert.Single(keys).Dispose();
    }

    private VaultCredential KeyOf(string name) => CredentialFile.Read(Path.Combine(_golden.Folder, name + ".key"), NullSink.Instance);

    private Task<UnlockedVault> OpenAsync(VaultCredential credential) => _golden.OpenCopyAsync(_folder, credential, Token);
}
