using System.Runtime.Versioning;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Sources;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>
/// A vault in a folder, made by the engine, that holds an object of every kind there is a writer for: two unlockers, a writer who joined
/// later, many packs, snapshots of two members, one of them removed, a check, a marker. Made once for all tests of a class.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class RichVault : IDisposable
{
    /// <summary>Changes under NFKC, as the data set's name does under NFC.</summary>
    public const string Passphrase = "\uFB01sh in a ba\u0308rrel";
    private const string DataSet = "La\u0308den";
    private const string Root = "source";

    private static readonly string[] Kinds =
        ["register", "bundles", "keys", "packs", "index", "refs", "snapshots", "sessions", "removals", "verifications", "condemned"];

    private readonly SourceTree _scratch = new();

    private RichVault()
    {
    }

    public string VaultPath => _scratch.At("vault");

    public string SourcePath => _scratch.At(Root);

    public string KeyFilePath => _scratch.At("owner.key");

    /// <summary>Of the owner, the writer, and the owner again. The first was removed.</summary>
    public List<BackupResult> Backups { get; } = [];

    public BackupResult Newest => Backups[^1];

    public static async Task<RichVault> CreateAsync(CancellationToken cancellationToken)
    {
        var rich = new RichVault();
        try
        {
            RichTree.Fill(rich._scratch, Root);
            await rich.WriteAsync(cancellationToken);
            Assert.All(Kinds, kind => Assert.NotEmpty(rich.Objects(kind)));
            return rich;
        }
        catch
        {
            rich.Dispose();
            throw;
        }
    }

    /// <summary>Paths of all objects of a kind.</summary>
    public string[] Objects(string kind)
    {
        var folder = Path.Combine(VaultPath, kind);
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];
    }

    public string PathOf(ObjectName name) => Path.Combine([VaultPath, .. name.Value.Split('/')]);

    /// <summary>A path in the scratch folder that nothing lies at yet.</summary>
    public string Scratch(string name) => _scratch.At(name);

    public static FileSystemSource Open(string folder) =>
        FileSystemSource.Open(new FileSystemSourceOptions { Roots = [new FileSystemRoot(Root, folder)] }, TimeProvider.System);

    public void Dispose() => _scratch.Dispose();

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var target = LocalTarget.Create(VaultPath);
        var creation = new VaultCreation
        {
            Passphrase = Passphrase.AsMemory(),
            KeyFilePath = KeyFilePath,
            ChunkerName = ChunkerCatalog.Small,
            PackSizeBytes = 128 * 1024,
            Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses),
        };
        using var owner = await VaultCreator.CreateAsync(target, creation, Context("owner"), cancellationToken);
        await BackUpAsync(owner, cancellationToken);

        var writerKeyPath = _scratch.At("writer.key");
        await WriterKeys.ExportAsync(owner, "web-01", writerKeyPath, [DataSet], cancellationToken);
        using (var credential = CredentialFile.Read(writerKeyPath, NullSink.Instance))
        using (var writer = await (await LockedVault.OpenAsync(target, cancellationToken)).UnlockAsync(credential, Context("web-01"), cancellationToken))
        {
            File.WriteAllBytes(Path.Combine(SourcePath, "new.bin"), RichTree.Noise(500_000, seed: 20));
            await BackUpAsync(writer, cancellationToken);
        }

        File.AppendAllText(Path.Combine(SourcePath, "text.txt"), "one more line");
        await BackUpAsync(owner, cancellationToken);

        await RemovalRecord.WriteAsync(owner, [Backups[0].Snapshot], "made to be removed", cancellationToken);
        await target.DeleteAsync(ObjectNames.Manifest(Backups[0].Snapshot.Id), cancellationToken);
        await ApprovalRecord.WriteAsync(owner, Backups[1].Snapshot, SnapshotVerdict.Approved, "looked at", cancellationToken);
        await CondemnedMarkers.WriteAsync(owner, [new PackId(Id256.Random())], cancellationToken);
        var catalog = await SnapshotCatalog.LoadAsync(owner, cancellationToken);
        Assert.Empty(catalog.Problems);
        var check = new VerifyRequest(owner.RequireReader(), catalog.Resolve(Newest.Snapshot.Id.ToString()), catalog) { ReadsData = true, Percent = 100 };
        Assert.Empty((await VerifyCorridor.RunAsync(check, RunContext.Unwatched, cancellationToken)).Faults);
    }

    private async Task BackUpAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        File.WriteAllText(Path.Combine(SourcePath, RichSource.Vanishing), "gone before it is read");
        using var source = Open(SourcePath);
        var options = new BackupOptions
        {
            DataSet = DataSet,
            HostName = "web-01",
            Tags = ["nightly", "full"],
            Rules = ["*.tmp"],
            Roots = [new SnapshotRoot("source"u8.ToArray(), SourcePath, "linux")],
        };
        Backups.Add(await BackupCorridor.RunAsync(vault, new RichSource(source, SourcePath), options, RunContext.Unwatched, cancellationToken));
    }

    private UnlockContext Context(string host) => new(HostState.For(_scratch.At($"state of {host}")), NullSink.Instance, TimeProvider.System);
}
