using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A vault, a folder to back up, and the host's memory: what a whole run needs, all real.</summary>
internal sealed class PipelineScene : IDisposable
{
    /// <summary>The weakest derivation that is accepted: these tests are not about it.</summary>
    private static readonly Argon2Parameters Stretching = new(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses);

    private readonly TempFolder _folder = new();

    private PipelineScene(Target target)
    {
        Target = target;
        Directory.CreateDirectory(SourcePath);
    }

    internal const string Passphrase = "correct horse battery staple";

    internal Target Target { get; set; }

    internal string SourcePath => _folder["source"];

    internal string RestorePath => _folder["restored"];

    internal string HostPath => _folder["host"];

    internal TempFolder Folder => _folder;

    internal RecordingSink Sink { get; } = new();

    internal TimeProvider Time { get; set; } = TimeProvider.System;

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static async Task<PipelineScene> CreateAsync(
        Target? target = null, int packSizeBytes = 16 * 1024 * 1024, string chunker = ChunkerCatalog.Default)
    {
        var scene = new PipelineScene(target ?? new MemoryTarget());
        var creation = new VaultCreation { Passphrase = Passphrase.AsMemory(), PackSizeBytes = packSizeBytes, ChunkerName = chunker, Stretching = Stretching };
        (await VaultCreator.CreateAsync(scene.Target, creation, scene.Context, Token)).Dispose();
        return scene;
    }

    internal UnlockContext Context => new(HostState.For(HostPath), Sink, Time);

    internal async Task<UnlockedVault> UnlockAsync(Target? target = null)
    {
        using var credential = new PassphraseCredential(Passphrase.AsMemory());
        return await (await LockedVault.OpenAsync(target ?? Target, Token)).UnlockAsync(credential, Context, Token);
    }

    internal async Task<BackupResult> BackUpAsync(Target? target = null, CancellationToken? cancellationToken = null)
    {
        using var vault = await UnlockAsync(target);
        return await BackUpAsync(vault, cancellationToken: cancellationToken);
    }

    internal async Task<BackupResult> BackUpAsync(UnlockedVault vault, BackupOptions? options = null, CancellationToken? cancellationToken = null)
    {
        using var source = OpenSource();
        return await BackupCorridor.RunAsync(vault, source, options ?? Options, new RunContext(new ProgressCounters(), Sink), cancellationToken ?? Token);
    }

    internal static BackupOptions Options => new() { DataSet = "shop", HostName = "host", Gates = ContentGates.None };

    internal FileSystemSource OpenSource() =>
        FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([SourcePath]), DefersAttributes = true }, Time);

    internal async Task<RestoreResult> RestoreAsync(SnapshotId snapshot, string? destination = null, params string[] include)
    {
        using var vault = await UnlockAsync();
        return await RestoreAsync(vault, snapshot, destination, include);
    }

    internal async Task<RestoreResult> RestoreAsync(UnlockedVault vault, SnapshotId id, string? destination = null, params string[] include)
    {
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(id.ToString())) { Include = include };
        await using var door = FileSystemDestination.Open(destination ?? RestorePath, DestinationOptions.Default);
        return await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), Sink), Token);
    }

    internal async Task<VerifyResult> VerifyAsync(SnapshotId id, bool readsData = true, int percent = 100)
    {
        using var vault = await UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new VerifyRequest(vault.RequireReader(), catalog.Resolve(id.ToString()), catalog) { ReadsData = readsData, Percent = percent };
        return await VerifyCorridor.RunAsync(request, new RunContext(new ProgressCounters(), Sink), Token);
    }

    internal void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var full = Path.Combine(SourcePath, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes);
    }

    internal void WriteRandom(string path, int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        Write(path, bytes);
    }

    /// <summary>Makes what was written look older than any run, so that the racy-clean rule does not apply.</summary>
    internal void AdvanceTime(TimeSpan by) => Time = new ShiftedTime(Time, by);

    public void Dispose() => _folder.Dispose();

    private sealed class ShiftedTime(TimeProvider inner, TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + by;
    }
}

/// <summary>Keeps what the engine reports.</summary>
internal sealed class RecordingSink : IEngineSink
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<BackupEvent> _events = new();

    internal IReadOnlyCollection<BackupEvent> Events => _events;

    public void Report(BackupEvent backupEvent) => _events.Enqueue(backupEvent);
}
