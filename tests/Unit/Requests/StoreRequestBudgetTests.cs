using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Pipeline;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Requests;

/// <summary>
/// The same budget on a real S3 server and with many files. A proxy that only passes on counts beside the engine: what results say is what was on the wire. Each run
/// opens the target and the vault anew, as a process of its own does.
/// </summary>
public sealed class StoreRequestBudgetTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Folders = 100;
    private const int FilesInEach = 1_000;

    private readonly ConcurrentQueue<RequestKind> _passed = new();
    private readonly TempFolder _files = RoomInMemory() ? TempFolder.InMemory() : new TempFolder();
    private CephServer _ceph = null!;
    private FaultProxy _proxy = null!;
    private string _bucket = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _ceph = await TestServers.CephAsync();
        _bucket = await _ceph.CreateBucketAsync();
        _proxy = await FaultProxy.StartAsync(_ceph.Endpoint, static _ => false);
        _proxy.Passed = (request, _) =>
        {
            _passed.Enqueue(KindOf(request));
            return Task.CompletedTask;
        };
    }

    public async ValueTask DisposeAsync()
    {
        _files.Dispose();
        await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task A_run_without_changes_of_100000_files_costs_fewer_than_30_requests()
    {
        using var scene = await CreateAsync();
        WriteFiles();
        scene.AdvanceTime(TimeSpan.FromHours(1));
        var first = await BackUpAsync(scene, "first");
        Assert.Equal(Folders * FilesInEach, first.FilesNew);

        // The first run read the files, and what a file system says of that is a change of its own.
        await BackUpAsync(scene, "second");
        var unchanged = await BackUpAsync(scene, "unchanged");
        Assert.Equal(Folders * FilesInEach, unchanged.FilesUnchanged);
        Assert.Equal(
            new TargetTraffic { Puts = 4, Gets = 4, Lists = 9 },
            unchanged.Traffic with { BytesSent = 0, BytesReceived = 0 });

        Directory.Delete(Path.Combine(scene.HostPath, "objects"), recursive: true);
        var cold = await BackUpAsync(scene, "empty host cache");
        Assert.InRange(cold.Traffic.Requests, unchanged.Traffic.Requests, 30);

        var restored = await RestoreAsync(scene, unchanged.Snapshot, "source/17/171");
        Assert.Equal(1, restored.Files);
        Assert.InRange(restored.Traffic.Requests, 1, 15);
    }

    private static RequestKind KindOf(HttpRequest request) => request.Method switch
    {
        "PUT" => RequestKind.Put,
        "HEAD" => RequestKind.Stat,
        "DELETE" => RequestKind.Delete,
        "POST" when request.Query.ContainsKey("delete") => RequestKind.Delete,
        "GET" when request.Query.ContainsKey("list-type") => RequestKind.List,
        "GET" when request.Path.Value!.Count(static letter => letter == '/') > 1 => RequestKind.Get,
        _ => RequestKind.Other,
    };

    /// <summary>A block and an inode each: half a gigabyte. In memory they are made and read in seconds, on a busy disk in half a minute.</summary>
    private static bool RoomInMemory() => Directory.Exists("/dev/shm") && new DriveInfo("/dev/shm").AvailableFreeSpace > 2L << 30;

    /// <summary>All content differs, so that the index knows as many chunks as there are files.</summary>
    private void WriteFiles() => Parallel.For(0, Folders, folder =>
    {
        var path = _files[$"source/{folder}"];
        Directory.CreateDirectory(path);
        var random = new Random(folder);
        var bytes = new byte[100];
        for (var file = 0; file < FilesInEach; file++)
        {
            random.NextBytes(bytes);
            File.WriteAllBytes(Path.Combine(path, $"{file}"), bytes);
        }
    });

    private async Task<PipelineScene> CreateAsync()
    {
        await using var target = Open(cacheFolder: null);
        return await PipelineScene.CreateAsync(target);
    }

    private Target Open(string? cacheFolder)
    {
        using var credential = TargetCredential.Of(_ceph.Key.Id, _ceph.Key.Secret, "of the test");
        var address = TargetUri.Parse($"s3://{_bucket}/vault?endpoint={_proxy.Address}&versioning=off&conditionalput=yes");
        var platform = RemoteTargets.Open(new TargetSettings { Address = address }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
        return TargetStack.Build(platform, new TargetStackOptions { CacheFolder = cacheFolder });
    }

    private Task<BackupResult> BackUpAsync(PipelineScene scene, string what) => CountAsync(scene, what, static result => result.Traffic, async vault =>
    {
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([_files["source"]]), DefersAttributes = true }, scene.Time);
        return await BackupCorridor.RunAsync(vault, source, PipelineScene.Options, RunContext.Unwatched, Token);
    });

    private Task<RestoreResult> RestoreAsync(PipelineScene scene, Snapshot snapshot, string file) => CountAsync(scene, "one file back", static result => result.Traffic, async vault =>
    {
        var found = await SnapshotCatalog.TryFindAsync(vault, snapshot.Id, Token);
        await using var door = FileSystemDestination.Open(scene.RestorePath, DestinationOptions.Default);
        return await RestoreCorridor.RunAsync(new RestoreRequest(vault.RequireReader(), found!) { Include = [file] }, door, RunContext.Unwatched, Token);
    });

    private async Task<T> CountAsync<T>(PipelineScene scene, string what, Func<T, TargetTraffic> trafficOf, Func<UnlockedVault, Task<T>> work)
    {
        var clock = Stopwatch.StartNew();
        _passed.Clear();
        await using var target = Open(Path.Combine(scene.HostPath, "objects"));
        using var vault = await scene.UnlockAsync(target);
        var result = await work(vault);
        var (said, seen) = (trafficOf(result), _passed.ToLookup(static kind => kind));
        output.WriteLine($"{what} ({clock.Elapsed.TotalSeconds:F1} s): {said}");
        foreach (var (kind, count) in new (RequestKind, long)[]
        {
            (RequestKind.Put, said.Puts), (RequestKind.Get, said.Gets), (RequestKind.Stat, said.Stats), (RequestKind.List, said.Lists), (RequestKind.Delete, said.Deletes), (RequestKind.Other, said.Others),
        })
        {
            Assert.Equal((kind, seen[kind].LongCount()), (kind, count));
        }

        return result;
    }
}
