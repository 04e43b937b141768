using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Tests.Unit.Pipeline;
using SecureBackup.Tests.Unit.Sources;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>
/// Makes a golden vault that has lived: members of every role, one of them revoked; three epochs; keys that were locked anew, and recovery sheets; removed snapshots, moved packs and merged
/// segments; attested packs; records with an erased and a returned subject; holds; a decision; a change that two owners signed, and one that waits.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class GoldenYears : IDisposable
{
    internal const string Name = "years";
    internal const string Sheets = "sheets";
    internal const string Erased = "3";
    private const string DataSet = "shop";

    private readonly string _path;
    private readonly string _passphrase;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly MemoryTarget _target;
    private readonly GoldenTree _tree = new(Directory.CreateTempSubdirectory("sb-golden-").FullName);
    private readonly List<GoldenSnapshot> _expected = [];
    private readonly TempFolder _scratch = new();

    internal GoldenYears(string path, string passphrase)
    {
        _path = Directory.CreateDirectory(path).FullName;
        _passphrase = passphrase;
        _target = new MemoryTarget(_time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _scratch.Dispose();

    internal async Task RunAsync()
    {
        using (var owner = await CreateAsync())
        {
            using var bob = await AddAsync(owner, new NewMember("bob", MemberRoles.Owner));
            using var shop01 = await AddAsync(owner, new NewMember("shop01", MemberRoles.Writer) { DataSets = [DataSet] });
            using var shop02 = await AddAsync(owner, new NewMember("shop02", MemberRoles.Writer));
            (await AddAsync(owner, new NewMember("tidy", MemberRoles.Maintainer))).Dispose();
            (await AddAsync(owner, new NewMember("audit", MemberRoles.Auditor))).Dispose();
            await DaysAndCollectionAsync(owner, shop01);
            using (var check = await AddAsync(owner, new NewMember("check", MemberRoles.Verifier) { MayRead = true }))
            {
                await VerifyAsync(check);
            }

            await EpochRotation.RotateAsync(owner, "every year", Token);
            _tree.MakeDay(20);
            var late = await BackUpAsync(shop02);
            await MemberRevocation.RevokeAsync(owner, new RevocationRequest(shop02.Self, "stolen"), Token);
            await ApprovalRecord.WriteAsync(bob, late, SnapshotVerdict.Approved, "looked at", Token);
            await RecordsAsync(owner);
            await HoldsAsync(owner);
            await KeysAsync(owner);
            await ThresholdAsync(owner, bob);
        }

        await WriteAsync();
        SourceTree.Run("rm", "/", "", "-rf", "--", _tree.Root);
    }

    /// <summary>A dozen days, of which one stays; most of what the first packs held is needed by none.</summary>
    private async Task DaysAndCollectionAsync(UnlockedVault owner, UnlockedVault writer)
    {
        var days = new List<Snapshot>();
        _tree.MakeBulk();
        for (var day = 0; day < 14; day++)
        {
            _tree.MakeDay(day);
            days.Add(await BackUpAsync(writer));
            _time.Advance(TimeSpan.FromHours(6));
        }

        days.RemoveAt(days.Count - 1);
        await RemovalRecord.WriteAsync(owner, days, "no longer kept", Token);
        foreach (var day in days)
        {
            await _target.DeleteAsync(ObjectNames.Manifest(day.Id), Token);
            _expected.RemoveAll(expected => string.Equals(expected.Id, day.Id.ToString(), StringComparison.Ordinal));
        }

        _time.Advance(TimeSpan.FromDays(2));
        for (var turn = 0; turn < 16; turn++)
        {
            await CollectCorridor.RunAsync(owner, new CollectOptions { MaxUnusedPercent = 30 }, RunContext.Unwatched, Token);
            _time.Advance(TimeSpan.FromHours(12));
        }
    }

    private static async Task VerifyAsync(UnlockedVault verifier)
    {
        var catalog = await SnapshotCatalog.LoadAsync(verifier, Token);
        var request = new VerifyRequest(verifier.RequireReader(), Assert.Single(catalog.Snapshots), catalog) { ReadsData = true };
        Assert.Empty((await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token)).Faults);
    }

    private async Task RecordsAsync(UnlockedVault owner)
    {
        var members = RecordScene.Members(count: 5, recordsOfEach: 2).ToList();
        await AddRecordsAsync(owner, members, members.Where(static item => item.Subject is not Erased));
        await SubjectScene.EraseAsync(owner, Erased);
        var later = RecordScene.Members(count: 5, recordsOfEach: 1, "back").ToList();
        await AddRecordsAsync(owner, later, later);
    }

    private async Task AddRecordsAsync(UnlockedVault owner, List<(string? Subject, object? Record)> records, IEnumerable<(string? Subject, object? Record)> kept)
    {
        _time.Advance(TimeSpan.FromHours(1));
        var backup = await RecordScene.BackUpAsync(owner, _scratch["spill"], records);
        _expected.Add(new GoldenSnapshot(backup.Snapshot.Id.ToString(), RecordScene.DataSet, "owner", []) { Records = RecordScene.BySubject(kept) });
    }

    private static async Task HoldsAsync(UnlockedVault owner)
    {
        var dataSet = owner.Keys.DataSetIdOf(DataSet);
        var request = new HoldRequest(HoldScope.DataSet, dataSet.Value, [dataSet], DataSet) { Reason = "audit", Owner = "finance", Matter = "2026-7" };
        var (hold, _) = await LegalHolds.PlaceAsync(owner, request, Token);
        await LegalHolds.PlaceAsync(owner, request with { Reason = "lawsuit" }, Token);
        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "closed", Token);
    }

    /// <summary>With the last step the others are carried over to another lock by somebody who has none of their secrets at hand.</summary>
    private async Task KeysAsync(UnlockedVault owner)
    {
        await RecoveryShares.ExportAsync(owner, new SheetRequest(2, 3, Path.Combine(_path, Sheets), "in three safes", []), Token);
        await VaultKeys.AddKeyFileAsync(owner, _scratch["gone.key"], "gone", [], Token);
        await VaultKeys.RemoveAsync(owner, ["gone"], Token);
    }

    private async Task ThresholdAsync(UnlockedVault owner, UnlockedVault bob)
    {
        await PolicyChange.ApplyAsync(owner, new NewPolicy { OwnersNeeded = 2, RetentionFloor = TimeSpan.FromDays(7), DeduplicationTrust = TrustedPacks.AllMembers }, Token);
        Assert.True((await WriterKeys.ExportAsync(owner, "shop03", Path.Combine(_path, "shop03.key"), null, Token)).Append.IsPending);
        Assert.False((await PendingChanges.ApproveAsync(bob, Assert.Single(await PendingChanges.ListAsync(bob, Token)), Token)).IsPending);
        Assert.True((await EpochRotation.RotateAsync(bob, "waits", Token)).Append.IsPending);
    }

    private Task<UnlockedVault> CreateAsync()
    {
        var creation = new VaultCreation
        {
            Passphrase = _passphrase.AsMemory(),
            KeyFilePath = Path.Combine(_path, GoldenVault.OwnerKey),
            ChunkerName = ChunkerCatalog.Small,
            PackSizeBytes = 64 * 1024,
            Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses),
        };
        return VaultCreator.CreateAsync(_target, creation, Host("owner"), Token);
    }

    private UnlockContext Host(string name) => new(HostState.For(_scratch[$"host-{name}"]), NullSink.Instance, _time);

    private async Task<UnlockedVault> AddAsync(UnlockedVault owner, NewMember member)
    {
        var key = Path.Combine(_path, member.Name + ".key");
        await MemberAdmission.AddAsync(owner, member with { KeyFilePath = key }, Token);
        using var credential = CredentialFile.Read(key, NullSink.Instance);
        return await (await LockedVault.OpenAsync(_target, Token)).UnlockAsync(credential, Host(member.Name), Token);
    }

    private async Task<Snapshot> BackUpAsync(UnlockedVault vault)
    {
        using var opened = FileSystemSource.Open(new FileSystemSourceOptions { Roots = [new FileSystemRoot("crm", _tree.Root)] }, TimeProvider.System);
        var options = new BackupOptions { DataSet = DataSet, HostName = "golden", Tags = ["golden"], Roots = [new SnapshotRoot("crm"u8.ToArray(), "/srv/crm", "linux")], Gates = ContentGates.None };
        var backup = await BackupCorridor.RunAsync(vault, opened, options, RunContext.Unwatched, Token);
        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        _expected.Add(new GoldenSnapshot(backup.Snapshot.Id.ToString(), DataSet, vault.Register.Find(vault.Self)!.Name, _tree.Describe("crm")));
        return backup.Snapshot;
    }

    private async Task WriteAsync()
    {
        foreach (var (name, bytes) in _target.Objects)
        {
            var file = Path.Combine([_path, GoldenVault.VaultFolder, .. name.Value.Split('/')]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, bytes.ToArray(), Token);
        }

        await File.WriteAllTextAsync(Path.Combine(_path, GoldenVault.PassphraseFile), _passphrase + "\n", Token);
        await File.WriteAllTextAsync(Path.Combine(_path, GoldenVault.ExpectedFile), GoldenVault.ToJson(_expected), Token);
    }
}
