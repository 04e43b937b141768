using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>A whole vault on a target that an attacker owns: its owner, its writers, hosts that remember it and hosts that do not.</summary>
internal sealed class AttackScene : IDisposable
{
    internal const string Passphrase = "correct horse battery staple";

    private readonly TempFolder _folder = new();
    private int _restores;

    private AttackScene()
    {
        Directory.CreateDirectory(SourcePath);
        File.WriteAllBytes(_folder["no-folder"], []);
    }

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal MemoryTarget Target { get; set; } = new();

    internal TempFolder Folder => _folder;

    internal string SourcePath => _folder["source"];

    internal string KeyPath => _folder["owner.key"];

    internal RecordingSink Sink { get; } = new();

    internal TimeProvider Time { get; set; } = TimeProvider.System;

    internal static async Task<AttackScene> CreateAsync(int packSizeBytes = 16 * 1024 * 1024, string passphrase = Passphrase)
    {
        var scene = new AttackScene();
        var creation = new VaultCreation
        {
            Passphrase = passphrase.AsMemory(),
            KeyFilePath = scene.KeyPath,
            PackSizeBytes = packSizeBytes,
            ChunkerName = packSizeBytes < 5 * 1024 * 1024 ? ChunkerCatalog.Small : ChunkerCatalog.Default,
            Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses),
        };
        (await VaultCreator.CreateAsync(scene.Target, creation, scene.Host("owner"), Token)).Dispose();
        return scene;
    }

    /// <summary>A host of this name, which remembers what it has seen.</summary>
    internal UnlockContext Host(string name) => new(HostState.For(_folder[$"host-{name}"]), Sink, Time);

    /// <summary>A host that can remember nothing: its folder lies where there is a file.</summary>
    internal UnlockContext Forgetful(IEngineSink? sink = null) => new(HostState.For(Path.Combine(_folder["no-folder"], "cache")), sink ?? Sink, Time);

    internal Task<UnlockedVault> OwnerAsync(UnlockContext? host = null, Target? target = null) =>
        OpenAsync(CredentialFile.Read(KeyPath, Sink), host ?? Host("owner"), target);

    internal Task<UnlockedVault> OwnerByPassphraseAsync(UnlockContext? host = null, string passphrase = Passphrase) =>
        OpenAsync(new PassphraseCredential(passphrase.AsMemory()), host ?? Host("owner"));

    internal string KeyPathOf(string writer) => _folder[$"{writer}.key"];

    internal async Task<UnlockedVault> WriterAsync(string name, params string[] dataSets)
    {
        if (!File.Exists(KeyPathOf(name)))
        {
            using var owner = await OwnerAsync();
            await WriterKeys.ExportAsync(owner, name, KeyPathOf(name), dataSets.Length == 0 ? null : dataSets, Token);
        }

        return await OpenAsync(CredentialFile.Read(KeyPathOf(name), Sink), Host(name));
    }

    internal async Task<UnlockedVault> OpenAsync(VaultCredential credential, UnlockContext host, Target? target = null)
    {
        using (credential)
        {
            return await (await LockedVault.OpenAsync(target ?? Target, Token)).UnlockAsync(credential, host, Token);
        }
    }

    internal async Task<BackupResult> BackUpAsync(UnlockedVault vault, string dataSet = "shop", string? sourcePath = null)
    {
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([sourcePath ?? SourcePath]) }, Time);
        var options = new BackupOptions { DataSet = dataSet, HostName = "host" };
        return await BackupCorridor.RunAsync(vault, source, options, new RunContext(new ProgressCounters(), Sink), Token);
    }

    /// <summary>Restores into a folder of its own, and says which.</summary>
    internal async Task<(RestoreResult Result, string Path)> RestoreAsync(UnlockedVault vault, Snapshot snapshot)
    {
        var path = _folder[$"restored-{Interlocked.Increment(ref _restores)}/in"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var door = FileSystemDestination.Open(path, DestinationOptions.Default);
        var result = await RestoreCorridor.RunAsync(new RestoreRequest(vault.RequireReader(), snapshot), door, new RunContext(new ProgressCounters(), Sink), Token);
        return (result, path);
    }

    internal async Task<VerifyResult> VerifyAsync(UnlockedVault vault, Snapshot snapshot)
    {
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new VerifyRequest(vault.RequireReader(), snapshot, catalog) { ReadsData = true };
        return await VerifyCorridor.RunAsync(request, new RunContext(new ProgressCounters(), Sink), Token);
    }

    internal void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var full = Path.Combine(SourcePath, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes);
    }

    internal byte[] WriteRandom(string path, int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        Write(path, bytes);
        return bytes;
    }

    internal IEnumerable<ObjectName> Names(string folder) => Target.Objects.Keys.Where(name => name.Value.StartsWith(folder, StringComparison.Ordinal));

    /// <summary>Files that stand under <paramref name="path"/> are those that were backed up. Says how many are missing.</summary>
    internal int RequireNothingWrong(string path)
    {
        var missing = 0;
        foreach (var original in Directory.EnumerateFiles(SourcePath, "*", SearchOption.AllDirectories))
        {
            var restored = Path.Combine(path, "source", Path.GetRelativePath(SourcePath, original));
            if (!File.Exists(restored))
            {
                missing++;
                continue;
            }

            Assert.True(File.ReadAllBytes(original).AsSpan().SequenceEqual(File.ReadAllBytes(restored)), $"Wrong data in '{restored}'.");
        }

        return missing;
    }

    public void Dispose() => _folder.Dispose();
}
