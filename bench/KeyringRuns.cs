using System.Diagnostics;
using System.Globalization;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Bench;

/// <summary>The keys of very many customers: what they take on the target and in memory, how long one is looked up, and how long one and ten thousand are erased.</summary>
internal static class KeyringRuns
{
    private const int LookUps = 1_000;
    private const int Batch = 10_000;

    /// <summary>As a backup stores them before its packs.</summary>
    private const int StoredEvery = 50_000;

    internal static async Task<int> RunAsync(BenchOptions options)
    {
        try
        {
            var folder = Directory.CreateDirectory(options.Folder).FullName;
            var context = new UnlockContext(HostState.For(Path.Combine(folder, "host")), NullSink.Instance, TimeProvider.System);
            using var vault = await VaultCreator.CreateAsync(
                LocalTarget.Create(Directory.CreateDirectory(Path.Combine(folder, "vault")).FullName), new VaultCreation { KeyFilePath = Path.Combine(folder, "owner.key") }, context, CancellationToken.None);
            Console.WriteLine($"{Machine.Describe()}; {options.Keys:N0} customers.");
            Console.WriteLine();
            Console.WriteLine("| run | seconds | peak memory so far |");
            Console.WriteLine("|---|--:|--:|");
            await MeasureAsync("issue and store all keys, remember them", () => IssueAsync(vault, options.Keys));
            await MeasureAsync("open the keyring before they are folded in, find one", () => FindAsync(vault, 1, options));
            await MeasureAsync("fold all in", async () => await new KeyringRewriter(vault.RequireReader()).RunAsync(CancellationToken.None));
            var bytes = Directory.EnumerateFiles(Path.Combine(folder, "vault", "keyring"), "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
            await MeasureAsync($"open the keyring, find {LookUps:N0} customers", () => FindAsync(vault, LookUps, options));
            await MeasureAsync("erase one", () => EraseAsync(vault, [Name(options.Keys / 2)]));
            await MeasureAsync($"erase {Batch:N0} in one batch", () => EraseAsync(vault, [.. Enumerable.Range(0, Math.Min(Batch, options.Keys / 2)).Select(Name)]));
            Console.WriteLine();
            Console.WriteLine($"The keyring takes {bytes:N0} bytes on the target.");
            return 0;
        }
        finally
        {
            if (!options.KeepsFolder && Directory.Exists(options.Folder))
            {
                Directory.Delete(options.Folder, recursive: true);
            }
        }
    }

    private static string Name(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task IssueAsync(UnlockedVault vault, int keys)
    {
        using var issuer = await SubjectKeyIssuer.BeginAsync(vault, vault.Keys.DataSetIdOf("members"), CancellationToken.None);
        for (var i = 0; i < keys; i++)
        {
            issuer.For(Name(i)).Key.Dispose();
            if (i % StoredEvery == 0)
            {
                await issuer.StoreAdditionsAsync(CancellationToken.None);
            }
        }

        await issuer.StoreAdditionsAsync(CancellationToken.None);
        await issuer.RememberAsync(CancellationToken.None);
    }

    /// <summary>Evenly over all, so that no leaf is read twice.</summary>
    private static async Task FindAsync(UnlockedVault vault, int count, BenchOptions options)
    {
        using var keyring = await SubjectKeyring.OpenAsync(vault.RequireReader(), CancellationToken.None);
        for (var i = 0; i < count; i++)
        {
            var found = await keyring.OfSubjectAsync(Name((int)((long)options.Keys * i / count)), CancellationToken.None);
            Require(found.Count == 1, $"{found.Count} keys of one customer were found.");
            found[0].Dispose();
        }
    }

    private static async Task EraseAsync(UnlockedVault vault, string[] subjects)
    {
        var request = new ErasureRequest { Subjects = [.. subjects.Select(vault.Keys.PseudonymOf)], Reason = "a measurement" };
        var outcomes = await new SubjectEraser(vault.RequireReader()).EraseAsync(request, CancellationToken.None);
        Require(outcomes.All(static outcome => outcome is { State: ErasureState.Erased, KeysDestroyed: 1 }), "Not all were erased.");
    }

    private static async Task MeasureAsync(string run, Func<Task> measured)
    {
        var watch = Stopwatch.StartNew();
        await measured();
        Console.WriteLine($"| {run} | {watch.Elapsed.TotalSeconds:0.0} | {Machine.PeakBytes() >> 20} MiB |");
    }

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
