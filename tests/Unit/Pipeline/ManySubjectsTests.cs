using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault.Listing;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>However many the customers, what a backup of their records holds in memory stays the same.</summary>
[Collection(nameof(AloneCollection))]
public sealed class ManySubjectsTests
{
    /// <summary>
    /// Until the caches of index pages and the batches are full, more records find more memory in use (measured: 28 MiB with 50,000, 67 with 200,000, a process of 231 MiB with a million). Records
    /// that were held would be twice this.
    /// </summary>
    private const long MaxGrowthBytes = 48 * 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Many => Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1" ? 1_000_000 : 130_000;

    [Fact]
    public async Task Customers_of_one_record_each_are_backed_up_and_restored_in_flat_memory()
    {
        using var folder = new TempFolder();
        var few = await PeakAsync(folder, "few", 30_000);
        var many = await PeakAsync(folder, "many", Many);
        Assert.True(many - few < MaxGrowthBytes, $"{few >> 20} MiB with few, {many >> 20} MiB with many.");
    }

    /// <summary>The most that was alive whenever something was stored.</summary>
    private static async Task<long> PeakAsync(TempFolder folder, string name, int count)
    {
        var target = new ProbingTarget(LocalTarget.Create(Directory.CreateDirectory(folder[$"{name}/vault"]).FullName));
        var context = new UnlockContext(HostState.For(folder[$"{name}/host"]), NullSink.Instance, TimeProvider.System);
        using var vault = await VaultCreator.CreateAsync(target, new VaultCreation { KeyFilePath = folder[$"{name}/owner.key"] }, context, Token);
        var backup = await RecordScene.BackUpAsync(vault, folder[$"{name}/spill"], RecordScene.Members(count, 1));
        Assert.Equal(count, backup.Snapshot.Summary.SubjectCount);

        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, RecordBrowser.WholeSnapshotReadAheadBytes, Token);
        var tally = new RecordTally();
        await foreach (var record in browser.EnumerateAsync(backup.Snapshot, tally, Token))
        {
            Assert.NotNull(record.Subject);
        }

        Assert.Equal((count, 0), (tally.Records, tally.Faults.Count));
        return target.PeakBytes;
    }

    private sealed class ProbingTarget(Target inner) : DelegatingTarget(inner)
    {
        internal long PeakBytes { get; private set; }

        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            PeakBytes = Math.Max(PeakBytes, GC.GetTotalMemory(forceFullCollection: true));
            return Inner.PutAsync(name, content, options, cancellationToken);
        }
    }
}
