using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>A real S3 server behind the proxy.</summary>
public sealed class S3FaultScheduleTests : FaultScheduleTests, IAsyncLifetime
{
    private RevivedCeph _ceph = null!;

    private protected override int StoreLives => _ceph.Lives;

    public async ValueTask InitializeAsync() => _ceph = new RevivedCeph(await TestServers.OwnCephAsync());

    public ValueTask DisposeAsync() => _ceph?.DisposeAsync() ?? default;

    private protected override Task<ScheduleLane> OpenAsync() => _ceph.OpenLaneAsync(hasLock: false);

    private protected override Task ReviveAsync() => _ceph.ReviveAsync();
}

/// <summary>In buckets with Object Lock.</summary>
public sealed class S3LockScheduleTests : LockScheduleTests, IAsyncLifetime
{
    private RevivedCeph _ceph = null!;

    private protected override int StoreLives => _ceph.Lives;

    public async ValueTask InitializeAsync() => _ceph = new RevivedCeph(await TestServers.OwnCephAsync());

    public ValueTask DisposeAsync() => _ceph?.DisposeAsync() ?? default;

    private protected override Task<ScheduleLane> OpenAsync() => _ceph.OpenLaneAsync(hasLock: true);

    private protected override Task ReviveAsync() => _ceph.ReviveAsync();
}

/// <summary>
/// A server that no other test depends on, and that is started again when it has died, see <see cref="CephServer"/> for what of, or hangs: its one thread may wait for itself.
/// </summary>
internal sealed class RevivedCeph(CephServer ceph) : IAsyncDisposable
{
    private static readonly TimeSpan Hangs = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _one = new(1);
    private readonly HttpClient _probe = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Hangs };

    internal int Lives { get; private set; }

    /// <summary>Ceph 16 asks for the right to lift a governance lock where one is to become a compliance lock; Amazon does not.</summary>
    internal async Task<ScheduleLane> OpenLaneAsync(bool hasLock)
    {
        var bucket = await ceph.CreateBucketAsync(hasLock);
        return await ProxiedLane.OpenAsync(
            ceph.Endpoint,
            static request => request.Query.ContainsKey("list-type"),
            (address, stallTimeout) => Open($"s3://{bucket}/under/it?endpoint={address}{(hasLock ? "&versioning=on" : "")}", stallTimeout),
            async () => [.. ((await ceph.Admin.ListMultipartUploadsAsync(bucket)).MultipartUploads ?? []).Select(static upload => $"{upload.Key} {upload.UploadId}")],
            strengthensLocks: false);
    }

    internal async Task ReviveAsync()
    {
        await _one.WaitAsync();
        try
        {
            using var answer = await _probe.GetAsync(ceph.Endpoint);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException { InnerException: TimeoutException })
        {
            await ceph.KillGatewayAsync();
            await ceph.StartGatewayAsync();
            Lives++;
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _one.Dispose();
        _probe.Dispose();
        await ceph.DisposeAsync();
    }

    private Target Open(string address, TimeSpan stallTimeout)
    {
        using var credential = TargetCredential.Of(ceph.Key.Id, ceph.Key.Secret, "of the test");
        return RemoteTargets.Open(new TargetSettings { Address = TargetUri.Parse(address) }, credential, new OpenContext(NullSink.Instance, TimeProvider.System) { StallTimeout = stallTimeout });
    }
}
