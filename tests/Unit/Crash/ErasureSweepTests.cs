using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>An erasure that goes wrong at any step leaves the subject whole or not to be found, everybody else whole, and the next run ends it.</summary>
public sealed class ErasureSweepTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<FaultFlavour, bool> Flavours => new()
    {
        { FaultFlavour.NotPersisted, false },
        { FaultFlavour.PersistedButReportedFailed, false },
        { FaultFlavour.NotPersisted, true },
        { FaultFlavour.PersistedButReportedFailed, true },
        { FaultFlavour.Cancelled, false },
    };

    [Theory]
    [MemberData(nameof(Flavours))]
    public async Task An_erasure_that_fails_at_any_step_harms_nobody_and_is_ended_by_the_next_run(FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var bench = new VaultBench();
        using (var owner = await bench.CreateAsync())
        {
            await SubjectScene.AddAsync(owner, "members", "Anna", "Bert", "Carla");
            await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
            await SubjectScene.AddAsync(owner, "orders", "Anna", "Dora");
        }

        var start = bench.Target;
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            bench.Target = start.Clone();
            using var cancellation = new CancellationTokenSource();
            var target = new FaultTarget(bench.Target, new FaultPlan(n, flavour, isDeadAfterwards) { Cancellation = cancellation });
            var isDone = await TryEraseAsync(bench, target, $"host-{n}", cancellation.Token);
            hasReachedAll = !target.HasTripped;
            Assert.True(isDone || target.HasTripped, "An erasure failed without a fault.");

            using var next = await bench.OpenByFileAsync(host: $"next-{n}");
            var found = await SubjectScene.CountAsync(next, "Bert", "Carla", "Dora", "Anna");
            Assert.Contains(found, (string[])["1 1 1 2", "1 1 1 0"]);
            var ledger = await ErasureLedger.ReadAsync(next, null, Token);
            Assert.Equal(ledger.Length > 0, found.EndsWith('0'));

            // Whoever comes next ends what the ledger says was begun.
            await new SubjectEraser(next.RequireReader()).ResumeAsync(Token);
            if (ledger.Length > 0)
            {
                await SubjectScene.RequireNothingLeftOverAsync(next, bench.Target);
                Assert.Equal(ledger.Head, next.Register.LedgerHead);
            }

            Assert.Single(await SubjectScene.EraseAsync(next, "Anna"), static outcome => outcome.State == ErasureState.Erased);
            Assert.Equal("1 1 1 0", await SubjectScene.CountAsync(next, "Bert", "Carla", "Dora", "Anna"));
            await SubjectScene.RequireNothingLeftOverAsync(next, bench.Target);
        }
    }

    private static async Task<bool> TryEraseAsync(VaultBench bench, FaultTarget target, string host, CancellationToken cancellationToken)
    {
        try
        {
            var locked = await LockedVault.OpenAsync(target, cancellationToken);
            using var credential = CredentialFile.Read(bench.KeyPath, bench.Sink);
            using var owner = await locked.UnlockAsync(credential, bench.Host(host), cancellationToken);
            await new SubjectEraser(owner.RequireReader()).EraseAsync(
                new ErasureRequest { Subjects = [owner.Keys.PseudonymOf("Anna")], Reason = "asked for" }, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is BackupException or OperationCanceledException)
        {
            return false;
        }
    }
}
