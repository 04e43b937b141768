using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Adding, changing and removing keys: whatever goes wrong at whatever step, the owner is never locked out, and there is one truth about what opens the vault.</summary>
public sealed class KeyChangeSweepTests
{
    public enum Change
    {
        AddFile,
        Remove,
        Replace,
        Sheets,
    }

    public static TheoryData<Change, FaultFlavour, bool> Trials
    {
        get
        {
            var data = new TheoryData<Change, FaultFlavour, bool>();
            foreach (var change in Enum.GetValues<Change>())
            {
                data.Add(change, FaultFlavour.NotPersisted, false);
                data.Add(change, FaultFlavour.PersistedButReportedFailed, false);
                data.Add(change, FaultFlavour.NotPersisted, true);
                data.Add(change, FaultFlavour.PersistedButReportedFailed, true);
                data.Add(change, FaultFlavour.Cancelled, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Trials))]
    public async Task A_change_of_keys_that_fails_locks_nobody_out_and_can_be_repeated(Change change, FaultFlavour flavour, bool isDeadAfterwards)
    {
        using var bench = new VaultBench();
        using (var owner = await bench.CreateAsync())
        {
            await VaultKeys.AddKeyFileAsync(owner, bench["other.key"], "other", [], CancellationToken.None);
        }

        var whole = bench.Target;
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            bench.Target = whole.Clone();
            using var cancellation = new CancellationTokenSource();
            var target = new FaultTarget(bench.Target, new FaultPlan(n, flavour, isDeadAfterwards) { Cancellation = cancellation });
            var isMade = await TryAsync(async () =>
            {
                using var key = CredentialFile.Read(bench.KeyPath, bench.Sink);
                using var owner = await (await LockedVault.OpenAsync(target, cancellation.Token)).UnlockAsync(key, bench.Host($"{n}"), cancellation.Token);
                await RunAsync(change, owner, bench[$"{n}"], cancellation.Token);
            });
            hasReachedAll = !target.HasTripped;
            Assert.True(!hasReachedAll || isMade);
            await RequireOneTruthAsync(bench, change, n, isMade);

            // From an opened vault again, to the end.
            using (var owner = await bench.OpenByFileAsync(host: $"again {n}"))
            {
                if (change is Change.AddFile or Change.Sheets || (await VaultKeys.ListAsync(owner, CancellationToken.None)).Any(static key => key.Label is "other"))
                {
                    await RunAsync(change, owner, bench[$"{n}-again"], CancellationToken.None);
                }
            }

            await RequireOneTruthAsync(bench, change, n, isMade: true);
        }
    }

    private static Task RunAsync(Change change, UnlockedVault owner, string path, CancellationToken cancellationToken) => change switch
    {
        Change.AddFile => VaultKeys.AddKeyFileAsync(owner, path, Path.GetFileName(path), [], cancellationToken),
        Change.Remove => VaultKeys.RemoveAsync(owner, ["other"], cancellationToken),
        Change.Replace => VaultKeys.AddKeyFileAsync(owner, path, Path.GetFileName(path), ["other"], cancellationToken),
        _ => RecoveryShares.ExportAsync(owner, new SheetRequest(2, 3, path, "new", []), cancellationToken),
    };

    /// <summary>The owner's own key opens; "other" opens exactly where the register names it; a key file that was left opens or says that it does not.</summary>
    private static async Task RequireOneTruthAsync(VaultBench bench, Change change, int n, bool isMade)
    {
        using var owner = await bench.OpenByFileAsync(host: $"truth {n} {isMade}");
        var keys = await VaultKeys.ListAsync(owner, CancellationToken.None);
        Assert.DoesNotContain(keys, static key => key.Kind is "unreadable");
        var hasOther = keys.Any(static key => key.Label is "other");
        Assert.Equal(hasOther, await OpensAsync(bench, bench["other.key"]));
        var isRemoving = change is Change.Remove or Change.Replace;
        Assert.True(!isRemoving || !isMade || !hasOther, "A removal that succeeded left its key.");
        foreach (var name in new[] { $"{n}", $"{n}-again" }.Where(name => change is not Change.Sheets && File.Exists(bench[name])))
        {
            Assert.Equal(keys.Any(key => string.Equals(key.Label, name, StringComparison.Ordinal)), await OpensAsync(bench, bench[name]));
        }
    }

    private static async Task<bool> OpensAsync(VaultBench bench, string path)
    {
        try
        {
            using var opened = await bench.OpenByFileAsync(path, host: Guid.NewGuid().ToString());
            return true;
        }
        catch (KeyException exception) when (exception.Code == FaultCodes.NoSuchUnlocker)
        {
            return false;
        }
    }

    private static async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (TargetException failure) when (failure.Fault == TargetFault.Unavailable)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
