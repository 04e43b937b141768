using System.Diagnostics;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

/// <summary>However many the subjects, memory stays flat, a key takes a hundred bytes, and one of them is erased in seconds. A million with SECUREBACKUP_TEST_LONG=1.</summary>
[Collection(nameof(AloneCollection))]
public sealed class MillionSubjectsTests : IDisposable
{
    /// <summary>A batch of fresh keys, the root, eight leaves on their way, and what the collector has not looked at yet.</summary>
    private const long MaxGrowthBytes = 64 * 1024 * 1024;

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Count => Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1" ? 1_000_000 : 60_000;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_of_very_many_is_erased_from_a_year_of_snapshots_in_seconds()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        var context = new UnlockContext(HostState.For(_folder["cache"]), new RecordingSink(), TimeProvider.System);
        using var owner = await VaultCreator.CreateAsync(target, new VaultCreation { KeyFilePath = _folder["owner.key"] }, context, Token);
        await StoreYearAsync(owner);
        var start = GC.GetTotalMemory(forceFullCollection: true);
        var (first, last) = await IssueAsync(owner);
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        var growth = GC.GetTotalMemory(forceFullCollection: true) - start;
        Assert.True(growth < MaxGrowthBytes, $"Memory grew by {growth:N0} bytes.");
        var keyringBytes = Directory.EnumerateFiles(_folder["vault/keyring"], "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
        Assert.True(keyringBytes < Count * 150L, $"{Count:N0} keys take {keyringBytes:N0} bytes.");

        var clock = Stopwatch.StartNew();
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "member 0"));
        var certificate = (await CertificateIssuer.LoadAsync(owner, Token)).Make(outcome, null);
        clock.Stop();
        TestContext.Current.TestOutputHelper!.WriteLine($"{Count:N0} keys, {keyringBytes:N0} bytes; erased and certified in {clock.Elapsed.TotalSeconds:F2} s; memory grew by {growth:N0} bytes.");
        Assert.Equal((ErasureState.Erased, 365), (outcome.State, certificate.Erasure.RecordSnapshots));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Null(await keyring.FindAsync(first, Token));
        Assert.NotNull(await keyring.FindAsync(last, Token));
    }

    private static async Task<(DomainId First, DomainId Last)> IssueAsync(UnlockedVault owner)
    {
        using var issuer = await SubjectKeyIssuer.BeginAsync(owner, owner.Keys.DataSetIdOf(SubjectScene.DataSet), Token);
        var first = default(DomainId);
        var last = default(DomainId);
        for (var i = 0; i < Count; i++)
        {
            var domain = issuer.For($"member {i}");
            domain.Key.Dispose();
            (first, last) = (i == 0 ? domain.Id : first, domain.Id);
        }

        await issuer.StoreAdditionsAsync(Token);
        Assert.Equal(last, issuer.For($"member {Count - 1}").Id);
        await issuer.RememberAsync(Token);
        return (first, last);
    }

    /// <summary>Manifests alone: their packs are never read here.</summary>
    private static async Task StoreYearAsync(UnlockedVault owner)
    {
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        PackId[] packs = [new PackId(Id256.Random())];
        var pages = await ReferenceSet.WriteAsync(owner, packs, Token);
        for (var day = 0; day < 365; day++)
        {
            var summary = VaultBench.SummaryOf(owner, SubjectScene.DataSet, [], pages) with { Kind = SnapshotKind.Records };
            await new ManifestWriter(owner, catalog).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), Token);
        }
    }
}
