using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>Numbers, links and times in signed records are claims: a false one spoils nothing that comes after it.</summary>
public sealed class ForgedRecordTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_manifest_that_took_the_last_number_leaves_the_writer_a_number_for_the_next()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop", "crm");
        var first = await _bench.BackUpAsync(writer);
        var last = await ForgeAsync(writer, ManifestCodec.MaxSequence, first.Reference, []);
        var beyond = await ForgeAsync(writer, ManifestCodec.MaxSequence + 1, first.Reference, []);
        var next = await _bench.BackUpAsync(writer);
        var catalog = await LoadAsync(owner);
        Assert.Equal(1UL, next.Sequence);
        Assert.Equivalent(new[] { first.Id, next.Id, last }, catalog.Snapshots.Select(static snapshot => snapshot.Id));
        Assert.Contains(beyond.ToString(), Assert.Single(catalog.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_names_very_many_missing_ones_is_judged_in_time()
    {
        using var owner = await _bench.CreateAsync();
        var first = await _bench.BackUpAsync(owner);
        ManifestReference[] missing = [.. Enumerable.Range(0, 100_000).Select(static _ => new ManifestReference(new SnapshotId(Id256.Random()), default))];
        await ForgeAsync(owner, 1, first.Reference, missing);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(missing.Length, (await LoadAsync(owner)).Problems.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task A_finding_from_a_clock_that_was_ahead_hides_no_later_one()
    {
        using var owner = await _bench.CreateAsync();
        var snapshot = await _bench.BackUpAsync(owner);
        var ahead = Timestamp.From(_bench.Time.GetUtcNow() + TimeSpan.FromDays(365));
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Finding(0, ahead), CancellationToken.None);
        Assert.Equal(_bench.Time.GetUtcNow(), (await LoadAsync(owner)).Snapshots[0].LastVerifiedAt);
        _bench.Time.Advance(TimeSpan.FromDays(1));
        await VerificationRecord.WriteAsync(owner, snapshot.Reference, Finding(1, owner.Now), CancellationToken.None);
        Assert.False((await LoadAsync(owner)).Snapshots[0].IsVerified);
    }

    private static async Task<SnapshotId> ForgeAsync(UnlockedVault vault, ulong sequence, ManifestReference previous, ManifestReference[] others)
    {
        var header = vault.NewHeader(ObjectKind.Manifest, isSealed: true);
        var summary = VaultBench.SummaryOf(vault, "crm", [], []);
        var body = new ManifestBody(vault.Register.Head, vault.Self, sequence, previous, others, Id256.Random())
        {
            MetadataPart = MetadataSeal.Seal(vault, header, ManifestCodec.EncodeSummary(summary)),
            OwnerPart = VaultBench.SomeOwnerPart().Seal(vault.Register.Epochs[header.Epoch], header),
        };
        var id = new SnapshotId(header.Object.Value);
        await vault.Store.PutAsync(ObjectNames.Manifest(id), SignedObject.Build(header, ManifestCodec.EncodeBody(body), vault.SelfKey), CancellationToken.None);
        return id;
    }

    private static VerificationFinding Finding(long faults, Timestamp time) => new(time, 3, 3, 1000, default, default, true, faults, VerificationDepth.EveryByte);

    private static Task<SnapshotCatalog> LoadAsync(UnlockedVault vault) => SnapshotCatalog.LoadAsync(vault, CancellationToken.None);
}
