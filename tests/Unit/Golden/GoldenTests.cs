using System.Runtime.Versioning;
using System.Security.Cryptography;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>Every vault that a version has ever written opens, lists, checks and restores as it did then.</summary>
public sealed class GoldenTests
{
    /// <summary>What a file system cannot keep is no fault of the vault.</summary>
    private static readonly FaultCode[] AllowedFaults = [FaultCodes.LinkPointsOutside, FaultCodes.AttributeNotRestored];

    public static TheoryData<string> Names => [.. Directory.GetDirectories(GoldenVault.Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_golden_vault_lists_what_was_put_into_it(string name)
    {
        var golden = Find(name);
        using var folder = new TempFolder();
        using var vault = await OpenByPassphraseAsync(golden, folder);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Empty(catalog.Problems);
        Assert.Equal(golden.Expected.Select(snapshot => snapshot.Id).Order(StringComparer.Ordinal), catalog.Snapshots.Select(snapshot => snapshot.Id.ToString()).Order(StringComparer.Ordinal));
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, Token);
        foreach (var expected in golden.Expected)
        {
            var snapshot = catalog.Resolve(expected.Id);
            Assert.Equal(expected.DataSet, snapshot.DataSet);
            Assert.Equal(expected.Writer, vault.Register.Find(snapshot.Writer)!.Name);
            if (expected.Records is { } records)
            {
                var (found, _) = await RecordScene.ReadAsync(vault, snapshot);
                Assert.Equivalent(records, RecordScene.BySubject(found.Select(static record => (record.Subject, record.Value))), strict: true);
                continue;
            }

            var listed = await browser.EnumerateAsync(snapshot, new EntryFilter([]), null, Token).Select(item => GoldenVault.Describe(item.Path, item.Metadata)).ToListAsync(Token);
            Assert.Equivalent(expected.Entries.Select(AsListed).OrderBy(entry => entry.Path, StringComparer.Ordinal), listed.OrderBy(entry => entry.Path, StringComparer.Ordinal), strict: true);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_golden_vault_is_sound_to_the_last_byte(string name)
    {
        using var folder = new TempFolder();
        using var vault = await OpenByKeyAsync(Find(name), folder);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        foreach (var snapshot in catalog.Snapshots)
        {
            var check = await VerifyCorridor.RunAsync(new VerifyRequest(vault.RequireReader(), snapshot, catalog) { ReadsData = true }, RunContext.Unwatched, Token);
            Assert.Empty(check.Faults);
            Assert.True(check.HasCompletedCycle);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    [UnsupportedOSPlatform("windows")]
    public async Task A_golden_vault_gives_back_what_was_put_into_it(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Golden vaults hold names that only Linux takes.");
        var golden = Find(name);
        using var folder = new TempFolder();
        using var vault = await OpenByKeyAsync(golden, folder);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        foreach (var expected in golden.Expected.Where(static snapshot => snapshot.Records is null))
        {
            var destination = folder[expected.Id];
            var restored = await GoldenVault.RestoreAsync(vault, catalog.Resolve(expected.Id), destination, Token);
            Assert.DoesNotContain(restored.Faults, fault => !AllowedFaults.Contains(fault.Code));
            foreach (var entry in expected.Entries.Where(static entry => !entry.Path.Contains("%FE", StringComparison.Ordinal)))
            {
                RequireSame(entry, Path.Combine(destination, Uri.UnescapeDataString(entry.Path)));
            }

            Assert.Equal(expected.Entries.Count, restored.Files + restored.Folders + restored.Others);
        }
    }

    /// <summary>A version that cut elsewhere, or named chunks by other keys, would store everything a second time.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    [UnsupportedOSPlatform("windows")]
    public async Task What_a_golden_vault_holds_it_knows_again(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Golden vaults hold names that only Linux takes.");
        var golden = Find(name);
        using var folder = new TempFolder();
        using var vault = await OpenByKeyAsync(golden, folder);
        var expected = golden.Expected.Last(static snapshot => snapshot.Records is null);
        var before = (await SnapshotCatalog.LoadAsync(vault, Token)).Resolve(expected.Id);
        await GoldenVault.RestoreAsync(vault, before, folder["restored"], Token);
        var root = expected.Entries[0].Path;
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = [new FileSystemRoot(root, Path.Combine(folder["restored"], root))] }, TimeProvider.System);
        var again = await BackupCorridor.RunAsync(vault, source, new BackupOptions { DataSet = "again", HostName = "golden" }, RunContext.Unwatched, Token);

        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, Token);
        var pairs = await new SnapshotComparer(browser, CompareOptions.Default with { IncludesEqual = true }).CompareAsync(before, again.Snapshot, Token)
            .Where(static pair => pair is { Before.Kind: EntryKind.File, After.Kind: EntryKind.File }).ToListAsync(Token);
        Assert.Equal(expected.Entries.Count(static entry => entry.Kind is nameof(EntryKind.File)), pairs.Count);
        Assert.DoesNotContain(pairs, static pair => pair.Aspects.HasFlag(EntryAspects.Content));
        if (expected.Writer is "owner")
        {
            // Of what others stored an owner trusts what a verifier attested.
            Assert.InRange(again.ChunksKnown, expected.Entries.Where(static entry => entry.Size > 0).DistinctBy(static entry => entry.Sha256).Count(), long.MaxValue);
        }
    }

    [Fact]
    public async Task The_writers_key_of_a_golden_vault_still_backs_up_and_reads_nothing()
    {
        var golden = Find("two-snapshots-two-writers");
        using var folder = new TempFolder();
        using var vault = await golden.OpenCopyAsync(folder, CredentialFile.Read(Path.Combine(golden.Folder, "shop01.key"), NullSink.Instance), Token);
        Assert.False(vault.IsReader);
        Assert.Equal("shop01", vault.Register.Find(vault.Self)!.Name);
        Assert.Equal(2, (await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots.Count);
    }

    [Fact]
    public async Task The_listing_of_many_pages_has_pages_above_its_pages()
    {
        using var folder = new TempFolder();
        using var vault = await OpenByKeyAsync(Find("many-pages"), folder);
        var snapshot = Assert.Single((await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots);
        Assert.True(vault.RequireReader().OpenOwnerPart(snapshot).ListingRoot!.Level > 0);
    }

    private static GoldenVault Find(string name) => new(Path.Combine(GoldenVault.Root, name));

    private static Task<UnlockedVault> OpenByPassphraseAsync(GoldenVault golden, TempFolder folder) =>
        golden.OpenCopyAsync(folder, new PassphraseCredential(golden.Passphrase), Token);

    private static Task<UnlockedVault> OpenByKeyAsync(GoldenVault golden, TempFolder folder) =>
        golden.OpenCopyAsync(folder, CredentialFile.Read(Path.Combine(golden.Folder, GoldenVault.OwnerKey), NullSink.Instance), Token);

    /// <summary>A listing says no hashes of contents, and of a file's further names no size.</summary>
    private static GoldenEntry AsListed(GoldenEntry entry) =>
        entry with { Sha256 = null, Size = entry.Kind is nameof(EntryKind.HardLink) ? 0 : entry.Size };

    /// <summary>By the runtime's own calls; names that are not UTF-8 are beyond them, and counted alone.</summary>
    [UnsupportedOSPlatform("windows")]
    private static void RequireSame(GoldenEntry expected, string path)
    {
        if (expected.Kind is nameof(EntryKind.SymbolicLink))
        {
            Assert.NotNull(new FileInfo(path).LinkTarget);
            return;
        }

        Assert.Equal(expected.Mode, Convert.ToString((int)File.GetUnixFileMode(path), 8));
        Assert.Equal(expected.ModifiedAt, GoldenVault.ToText(SecureBackup.Engine.Primitives.Timestamp.From(new DateTimeOffset(File.GetLastWriteTimeUtc(path)))));
        if (expected.Sha256 is not null)
        {
            Assert.Equal(expected.Size, new FileInfo(path).Length);
            using var file = File.OpenRead(path);
            Assert.Equal(expected.Sha256, Convert.ToHexString(SHA256.HashData(file)));
        }
    }
}
