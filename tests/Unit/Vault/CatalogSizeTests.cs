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

    /// <summary>As a stolen key leaves them: a manifest that named them all would be stored, reported as a backup, and read by nobody.</summary>
    [Fact]
    public async Task Beside_a_hundred_thousand_ends_a_snapshot_is_made_that_readers_take()
    {
        using var bench = new VaultBench();
        using var owner = await bench.CreateAsync();
        var ends = Enumerable.Range(0, 100_001).Select(static _ => new ManifestReference(new SnapshotId(Id256.Random()), new ContentHash(Id256.Random()))).ToList();
        var snapshot = await new ManifestWriter(owner, CatalogOf([], ends)).CommitAsync(VaultBench.SummaryOf(owner, "crm", [], []), VaultBench.SomeOwnerPart(), Id256.Random(), Token);
        Assert.Equal([snapshot.Id], (await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots.Select(static item => item.Id));
        Assert.Equal(ends.Take(256), snapshot.Body.Others);
    }

    [Fact]
    public async Task A_thiefs_forks_take_no_other_writers_place_among_the_heads_that_are_named()
    {
        using var bench = new VaultBench();
        using var owner = await bench.CreateAsync();
        using var honest = await bench.OpenAsWriterAsync(owner, "honest");
        using var thief = await bench.OpenAsWriterAsync(owner, "thief");
        var nothing = await SnapshotCatalog.LoadAsync(thief, Token);
        var good = await bench.BackUpAsync(honest);
        var forks = new List<Snapshot>();
        for (var i = 0; i < 300; i++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            forks.Add(await new ManifestWriter(thief, nothing).CommitAsync(VaultBench.SummaryOf(thief, "crm", [], []), VaultBench.SomeOwnerPart(), Id256.Random(), Token));
        }

        var named = (await bench.BackUpAsync(owner)).Body.Others;
        Assert.Equal(256, named.Count);
        Assert.Equal([good.Reference, .. forks.TakeLast(255).Select(static fork => fork.Reference)], named.ToHashSet());

        // The next one names the rest.
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        Assert.Equal(45, catalog.HeadsBeside(catalog.LastOf(owner.Self)!.Reference).Count);
    }

    [Fact]
    public async Task What_no_reader_would_take_is_not_stored()
    {
        using var bench = new VaultBench();
        using var owner = await bench.CreateAsync();
        var summary = VaultBench.SummaryOf(owner, "crm", [.. Enumerable.Range(0, 1_001).Select(static tag => $"tag {tag}")], []);
        var writer = new ManifestWriter(owner, CatalogOf([], []));
        await VaultBench.RefusedAsync(Engine.Faults.FaultCodes.SnapshotTooLarge, () => writer.CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), Token));
        Assert.DoesNotContain(bench.Target.Objects.Keys, static name => name.Value.StartsWith(ObjectNames.Manifests, StringComparison.Ordinal));
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
            catalog = CatalogOf([last], [last.Reference]);
        }
    }

    private static SnapshotCatalog CatalogOf(IReadOnlyList<Snapshot> snapshots, IReadOnlyList<ManifestReference> heads) => new(new CatalogContent
    {
        Snapshots = snapshots,
        Removed = [],
        Removals = [],
        Leftovers = [],
        Records = Array.Empty<(ManifestReference Key, ObjectName Value)>().ToLookup(static pair => pair.Key, static pair => pair.Value),
        Heads = heads,
        Findings = Array.Empty<(ManifestReference Key, VerificationFinding Value)>().ToLookup(static pair => pair.Key, static pair => pair.Value),
        Missing = [],
        Problems = [],
    });

    private sealed class CountingTarget(Target inner) : DelegatingTarget(inner)
    {
        private int _reads;

        public int Reads => _reads;

        public void Forget() => _reads = 0;

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _reads);
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }
}
