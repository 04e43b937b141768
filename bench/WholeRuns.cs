using System.Diagnostics;
using System.Security.Cryptography;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench;

/// <summary>A vault in a folder, and the runs that are measured on it.</summary>
internal sealed class WholeRuns : IDisposable
{
    private readonly string _data;
    private readonly IReadOnlyList<string> _files;
    private readonly string _restored;
    private readonly UnlockedVault _vault;

    private WholeRuns(string data, IReadOnlyList<string> files, string restored, UnlockedVault vault)
    {
        _data = data;
        _files = files;
        _restored = restored;
        _vault = vault;
    }

    /// <summary>What the first backup said; null before it.</summary>
    internal BackupResult? First { get; private set; }

    internal static async Task<WholeRuns> CreateAsync(string data, IReadOnlyList<string> files, string folder)
    {
        var target = Directory.CreateDirectory(Path.Combine(folder, "vault")).FullName;
        var context = new UnlockContext(HostState.For(Path.Combine(folder, "host")), NullSink.Instance, TimeProvider.System);
        var creation = new VaultCreation { KeyFilePath = Path.Combine(folder, "owner.key") };
        var vault = await VaultCreator.CreateAsync(LocalTarget.Create(target), creation, context, CancellationToken.None);
        return new WholeRuns(data, files, Path.Combine(folder, "restored"), vault);
    }

    internal Task<TimeSpan> FirstBackupAsync() => TimeAsync(async () => First = await BackUpAsync());

    internal Task<TimeSpan> UnchangedBackupAsync() => TimeAsync(async () =>
    {
        var result = await BackUpAsync();
        Require(result.FilesUnchanged == _files.Count, $"{result.FilesUnchanged} of {_files.Count} files passed as unchanged.");
    });

    internal Task<TimeSpan> RestoreAsync() => TimeAsync(async () =>
    {
        var snapshot = (await SnapshotCatalog.LoadAsync(_vault, CancellationToken.None)).Snapshots[0];
        await using var destination = FileSystemDestination.Open(_restored, DestinationOptions.Default);
        var result = await RestoreCorridor.RunAsync(new RestoreRequest(_vault.RequireReader(), snapshot), destination, RunContext.Unwatched, CancellationToken.None);
        Require(result.Faults.Count == 0, $"The restore had {result.Faults.Count} faults.");
    });

    internal Task<TimeSpan> VerifyAsync() => TimeAsync(async () =>
    {
        var catalog = await SnapshotCatalog.LoadAsync(_vault, CancellationToken.None);
        var request = new VerifyRequest(_vault.RequireReader(), catalog.Snapshots[0], catalog) { ReadsData = true };
        var result = await VerifyCorridor.RunAsync(request, RunContext.Unwatched, CancellationToken.None);
        Require(result.Faults.Count == 0, $"The check had {result.Faults.Count} faults.");
    });

    /// <summary>A figure for a restore that differs would be worth nothing.</summary>
    internal void RequireSame()
    {
        var root = Path.Combine(_restored, Path.GetFileName(_data));
        foreach (var file in _files)
        {
            Require(HashOf(file).AsSpan().SequenceEqual(HashOf(Path.Combine(root, Path.GetRelativePath(_data, file)))), $"'{file}' came back changed.");
        }
    }

    public void Dispose() => _vault.Dispose();

    private static byte[] HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return SHA256.HashData(file);
    }

    private async Task<BackupResult> BackUpAsync()
    {
        var options = new FileSystemSourceOptions { Roots = RootNames.Assign([_data]), DefersAttributes = true };
        using var source = FileSystemSource.Open(options, TimeProvider.System);
        return await BackupCorridor.RunAsync(
            _vault, source, new BackupOptions { DataSet = "bench", HostName = "bench" }, RunContext.Unwatched, CancellationToken.None);
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> run)
    {
        var watch = Stopwatch.StartNew();
        await run();
        return watch.Elapsed;
    }

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
