using System.Diagnostics;
using System.Globalization;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>What it costs to choose a snapshot by data set or time: every manifest is read once and judged, over a folder.</summary>
public sealed class CatalogSizeTests(ITestOutputHelper output)
{
    private static readonly int Snapshots = int.Parse(Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_SNAPSHOTS") ?? "150", CultureInfo.InvariantCulture);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_manifest_is_read_once()
    {
        using var folder = new TempFolder();
        await using (var target = LocalTarget.Create(folder["vault"]))
        {
            var creation = new VaultCreation { KeyFilePath = folder["owner.key"], Stretching = VaultBench.Cheap };
            using var owner = await VaultCreator.CreateAsync(target, creation, Context(folder["writer"]), Token);
            await StoreAsync(owner);
        }

        foreach (var host in new[] { "empty", "empty", "other" })
        {
            await using var counting = new CountingTarget(LocalTarget.Open(folder["vault"]));
            using var credential = CredentialFile.Read(folder["owner.key"], NullSink.Instance);
            using var owner = await (await LockedVault.OpenAsync(counting, Token)).UnlockAsync(credential, Context(folder[host]), Token);
            counting.Forget();
            var (clock, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            var catalog = await SnapshotCatalog.LoadAsync(owner, Token);

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Snapshots} snapshots, host {host}: {counting.Reads} reads, {clock.Elapsed.TotalMilliseconds:F0} ms, {(Environment.CpuUsage.TotalTime - processor).TotalMilliseconds:F0} ms of processors"));
            Assert.Empty(catalog.Problems);
            Assert.Equal(Snapshots, catalog.Snapshots.Count);
            Assert.InRange(counting.Reads, Snapshots, Snapshots + 10);
        }
    }

    private static UnlockContext Context(string host) => new(HostState.For(host), NullSink.Instance, TimeProvider.System);

    /// <summary>A chain, each link by what a catalog of the link before says.</summary>
    private static async Task StoreAsync(UnlockedVault owner)
    {
        var pages = await ReferenceSet.WriteAsync(owner, [new PackId(Id256.Random())], Token);
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        for (var day = 0; day < Snapshots; day++)
        {
            var last = await new ManifestWriter(owner, catalog).CommitAsync(VaultBench.SummaryOf(owner, "crm", [], pages), VaultBench.SomeOwnerPart(), Id256.Random(), Token);
            catalog = new SnapshotCatalog(new CatalogContent
            {
                Snapshots = [last],
                Removed = [],
                Removals = [],
                Leftovers = [],
                Records = Array.Empty<(ManifestReference Key, ObjectName Value)>().ToLookup(static pair => pair.Key, static pair => pair.Value),
                Heads = [last.Reference],
                Findings = Array.Empty<(ManifestReference Key, VerificationFinding Value)>().ToLookup(static pair => pair.Key, static pair => pair.Value),
                Problems = [],
            });
        }
    }

    private sealed class CountingTarget(Target inner) : DelegatingTarget(inner)
    {
        private int _reads;

        public int Reads => _reads;

        public void Forget() => _reads = 0;

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }
}
