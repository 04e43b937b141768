using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Whatever operation of a change of members, keys or rules fails, nobody is locked out, nothing is half changed, and the same command succeeds afterwards.</summary>
public sealed class MemberSweepTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();
    private int _files;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    public async Task A_rotation(FaultFlavour flavour) => await SweepAsync(flavour, needed: 1, static (owner, _) => EpochRotation.RotateAsync(owner, "swept", None), static register => register.NewestEpoch >= 2);

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    public async Task Adding_an_owner(FaultFlavour flavour) => await SweepAsync(
        flavour, needed: 1, (owner, file) => MemberAdmission.AddAsync(owner, new NewMember("dan", MemberRoles.Owner) { KeyFilePath = file }, None), static register => Has(register, "dan"));

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    public async Task A_revocation(FaultFlavour flavour) => await SweepAsync(
        flavour,
        needed: 1,
        static (owner, _) => owner.Register.Revocations.IsEmpty
            ? MemberRevocation.RevokeAsync(owner, new RevocationRequest(MemberChange.Find(owner.Register, "bob").Entry.Id, "left"), None)
            : Task.CompletedTask,
        static register => register.Revocations.Count == 1 && register.NewestEpoch == 2);

    [Theory]
    [InlineData(FaultFlavour.NotPersisted)]
    [InlineData(FaultFlavour.PersistedButReportedFailed)]
    public async Task Proposing_and_signing(FaultFlavour flavour) => await SweepAsync(flavour, needed: 2, ProposeAndSignAsync, static register => register.Policy.GraceTime == TimeSpan.FromDays(5));

    private async Task ProposeAndSignAsync(UnlockedVault owner, string file)
    {
        await PolicyChange.ApplyAsync(owner, new NewPolicy { GraceTime = TimeSpan.FromDays(5) }, None);
        using var credential = CredentialFile.Read(_bench["bob.key"], _bench.Sink);
        using var bob = await (await LockedVault.OpenAsync(owner.Target, None)).UnlockAsync(credential, _bench.Host($"bob-{_files++}"), None);

        // A command that was run again proposed again: the first that is signed makes the other stale.
        if ((await PendingChanges.ListAsync(bob, None)).FirstOrDefault(static change => !change.IsStale) is { } change)
        {
            await PendingChanges.ApproveAsync(bob, change, None);
        }
    }

    private async Task SweepAsync(FaultFlavour flavour, int needed, Func<UnlockedVault, string, Task> action, Func<RegisterState, bool> isDone)
    {
        using (var owner = await _bench.CreateAsync())
        {
            await MemberAdmission.AddAsync(owner, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, None);
            await _bench.BackUpAsync(owner);
            await PolicyChange.ApplyAsync(owner, new NewPolicy { OwnersNeeded = needed }, None);
        }

        var before = _bench.Target;
        var (from, to) = await CountAsync(before.Clone(), action);
        Assert.InRange(to - from, 2, 200);
        for (var at = from + 1; at <= to; at++)
        {
            var target = before.Clone();
            try
            {
                using var failing = await OpenAsync(new FaultTarget(target, new FaultPlan(at, flavour)), at);
                await action(failing, NewFile());
            }
            catch (BackupException exception)
            {
                // Whatever it was: the state is what counts.
                Assert.NotEqual(FaultCodes.RegisterDamaged, exception.Code);
            }

            await RequireGoodAsync(target, at, action, isDone);
        }
    }

    private async Task RequireGoodAsync(MemoryTarget target, int at, Func<UnlockedVault, string, Task> action, Func<RegisterState, bool> isDone)
    {
        using (var owner = await OpenAsync(target, at))
        {
            Assert.Null((await LockedVault.OpenAsync(target, None)).Obstruction);
            await action(owner, NewFile());
        }

        var register = (await LockedVault.OpenAsync(target, None)).Register;
        Assert.True(isDone(register), $"Operation {at}: the command did not make up for it.");
        using var again = await OpenAsync(target, at);
        var catalog = await SnapshotCatalog.LoadAsync(again, None);
        Assert.Empty(catalog.Problems);
        Assert.Equal("/srv/crm", Assert.Single(again.RequireReader().OpenOwnerPart(Assert.Single(catalog.Snapshots)).Roots).OriginalPath);
    }

    private async Task<(int From, int To)> CountAsync(MemoryTarget target, Func<UnlockedVault, string, Task> action)
    {
        var counting = new FaultTarget(target, new FaultPlan(0));
        using var owner = await OpenAsync(counting, 0);
        var from = counting.OperationCount;
        await action(owner, NewFile());
        return (from, counting.OperationCount);
    }

    /// <summary>On a host of its own for each trial: one trial's memory would call the next one's vault rolled back.</summary>
    private async Task<UnlockedVault> OpenAsync(Target target, int trial)
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await (await LockedVault.OpenAsync(target, None)).UnlockAsync(credential, _bench.Host($"trial-{trial}"), None);
    }

    private string NewFile() => _bench[$"new-{_files++}.key"];

    private static bool Has(RegisterState register, string name) => register.Members.Values.Any(member => string.Equals(member.Entry.Name, name, StringComparison.Ordinal));
}
