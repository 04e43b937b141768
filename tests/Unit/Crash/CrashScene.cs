using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>
/// A vault that holds one snapshot of a source that was as <see cref="Before"/> and is now as <see cref="After"/>, and trials: copies of the vault and of
/// the host's memory on which anything may go wrong. Packs and chunks are small, so that a run has many operations.
/// </summary>
internal sealed class CrashScene : IDisposable
{
    internal const int PackSizeBytes = 64 * 1024;

    private readonly TempFolder _folder = TempFolder.InMemory();
    private int _trials;

    private CrashScene(MemoryTarget target)
    {
        Target = target;
    }

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static bool IsLong => Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1";

    /// <summary>Whether runs store an index segment every few packs, and not only at their end.</summary>
    internal bool IsHasty { get; set; } = true;

    /// <summary>With the one snapshot; trials work on copies.</summary>
    internal MemoryTarget Target { get; }

    /// <summary>A copy; runs read <see cref="After"/>.</summary>
    internal string Before => _folder["before/source"];

    internal string After => _folder["after/source"];

    internal string KeyPath => _folder["owner.key"];

    internal string HostPath => _folder["host"];

    internal string this[string name] => _folder[name];

    internal static VaultCreation CreationWith(string keyPath) => new() { KeyFilePath = keyPath, PackSizeBytes = PackSizeBytes, ChunkerName = ChunkerCatalog.Small };

    /// <param name="newBytes">How much <see cref="After"/> has that the vault lacks.</param>
    internal static async Task<CrashScene> CreateAsync(int newBytes = 220_000)
    {
        var scene = new CrashScene(new MemoryTarget());
        Write(scene.After, "same.bin", 90_000, seed: 1);
        Write(scene.After, "deep/changed.bin", 30_000, seed: 2);
        Write(scene.After, "gone.txt", 100, seed: 3);
        (await VaultCreator.CreateAsync(scene.Target, CreationWith(scene.KeyPath), scene.ContextOf(scene.HostPath), Token)).Dispose();
        await scene.BackUpAsync(new Trial(scene.Target, scene.HostPath));
        Copy(scene.After, scene.Before);

        File.Delete(Path.Combine(scene.After, "gone.txt"));
        Write(scene.After, "deep/changed.bin", 31_000, seed: 4);
        Write(scene.After, "new/a.bin", newBytes / 2, seed: 5);
        Write(scene.After, "new/b.bin", newBytes - (newBytes / 2), seed: 6);
        return scene;
    }

    /// <summary>A copy of the vault and of what the host remembers of it.</summary>
    internal Trial NewTrial() => CopyOf(new Trial(Target, HostPath));

    internal Trial CopyOf(Trial trial)
    {
        var host = _folder[$"trial-{++_trials}"];
        Copy(trial.Host, host);
        return new Trial(trial.Target.Clone(), host);
    }

    internal UnlockContext ContextOf(string host, IEngineSink? sink = null) => new(HostState.For(host), sink ?? NullSink.Instance, new SceneTime(IsHasty));

    internal Task<UnlockedVault> UnlockAsync(Target target, string host) => UnlockAsync(target, host, KeyPath, Token);

    internal async Task<UnlockedVault> UnlockAsync(Target target, string host, string keyPath, CancellationToken cancellationToken)
    {
        using var credential = CredentialFile.Read(keyPath, NullSink.Instance);
        return await (await LockedVault.OpenAsync(target, cancellationToken)).UnlockAsync(credential, ContextOf(host), cancellationToken);
    }

    internal async Task<BackupResult> BackUpAsync(Trial trial)
    {
        using var vault = await UnlockAsync(trial.Target, trial.Host);
        return await BackUpAsync(vault, After);
    }

    internal static async Task<BackupResult> BackUpAsync(UnlockedVault vault, string source, string dataSet = "shop", IEngineSink? sink = null)
    {
        using var files = OpenSource(source);
        var context = new RunContext(new ProgressCounters(), sink ?? NullSink.Instance);
        return await BackupCorridor.RunAsync(vault, files, OptionsFor(dataSet), context, Token);
    }

    internal static FileSystemSource OpenSource(string path) =>
        FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([path]) }, TimeProvider.System);

    internal static BackupOptions OptionsFor(string dataSet) => new() { DataSet = dataSet, HostName = "host", Gates = ContentGates.None };

    /// <summary>Restores a snapshot and compares every byte of every file.</summary>
    internal async Task RequireRestorableAsync(UnlockedVault vault, Snapshot snapshot, string expected)
    {
        var destination = _folder[$"restored-{snapshot.Id}"];
        await using (var door = FileSystemDestination.Open(destination, DestinationOptions.Default))
        {
            var restored = await RestoreCorridor.RunAsync(new RestoreRequest(vault.RequireReader(), snapshot), door, RunContext.Unwatched, Token);
            Assert.Empty(restored.Faults);
        }

        Pipeline.BackupRestoreTests.AssertSame(expected, Path.Combine(destination, "source"));
        Directory.Delete(destination, recursive: true);
    }

    /// <summary>Every pack that the snapshot needs is there and opens, and its reference set names them all.</summary>
    internal static async Task RequireSoundAsync(UnlockedVault vault, Snapshot snapshot)
    {
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new VerifyRequest(vault.RequireReader(), snapshot, catalog) { ReadsData = true };
        Assert.Empty((await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token)).Faults);
    }

    /// <summary>
    /// What must hold on the plain target whatever a run met with: no problems, every snapshot whole, and a further run that succeeds.
    /// </summary>
    internal async Task<BackupResult> RequireIntactAsync(Trial trial)
    {
        using var vault = await UnlockAsync(trial.Target, trial.Host);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Empty(catalog.Problems);
        Assert.InRange(catalog.Snapshots.Count, 1, 2);
        await RequireRestorableAsync(vault, catalog.Snapshots[^1], Before);
        if (catalog.Snapshots.Count == 2)
        {
            await RequireSoundAsync(vault, catalog.Snapshots[0]);
            await RequireRestorableAsync(vault, catalog.Snapshots[0], After);
        }

        var next = await BackUpAsync(vault, After);
        Assert.Equal(SnapshotOutcome.Succeeded, next.Outcome);
        await RequireSoundAsync(vault, next.Snapshot);
        await RequireRestorableAsync(vault, next.Snapshot, After);
        Assert.Empty((await SnapshotCatalog.LoadAsync(vault, Token)).Problems);
        return next;
    }

    /// <summary>No problems, and every snapshot sound.</summary>
    internal async Task RequireHealthyAsync(Trial trial)
    {
        using var vault = await UnlockAsync(trial.Target, trial.Host);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Empty(catalog.Problems);
        foreach (var snapshot in catalog.Snapshots)
        {
            await RequireSoundAsync(vault, snapshot);
        }
    }

    internal static void Write(string root, string name, int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        var path = Path.Combine(root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    public void Dispose() => _folder.Dispose();

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>
    /// A minute ahead, so that files just written are old enough to pass as unchanged. Hasty: every look at the stopwatch is two minutes
    /// after the last, so that even a short run writes several index segments.
    /// </summary>
    private sealed class SceneTime(bool isHasty) : TimeProvider
    {
        private long _looks;

        public override long TimestampFrequency => isHasty ? 1 : base.TimestampFrequency;

        public override long GetTimestamp() => isHasty ? Interlocked.Add(ref _looks, 120) : base.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromMinutes(1);
    }
}

/// <param name="Host">The folder of the host's memory.</param>
internal sealed record Trial(MemoryTarget Target, string Host)
{
    internal int CountOf(string folder) => Target.Objects.Keys.Count(name => name.Value.StartsWith(folder, StringComparison.Ordinal));

    internal long BytesOf(string folder) => Target.Objects.Where(pair => pair.Key.Value.StartsWith(folder, StringComparison.Ordinal)).Sum(pair => (long)pair.Value.Length);
}
