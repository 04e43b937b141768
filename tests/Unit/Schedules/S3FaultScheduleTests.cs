using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>A real S3 server behind the proxy, and one that no other test depends on: see <see cref="CephServer"/> for what it may die of.</summary>
public sealed class S3FaultScheduleTests : FaultScheduleTests, IAsyncLifetime
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly HttpClient _probe = new(new SocketsHttpHandler { UseProxy = false });
    private CephServer _ceph = null!;
    private int _lives;

    private protected override int StoreLives => _lives;

    public async ValueTask InitializeAsync() => _ceph = await TestServers.OwnCephAsync();

    public async ValueTask DisposeAsync()
    {
        _one.Dispose();
        _probe.Dispose();
        if (_ceph is not null)
        {
            await _ceph.DisposeAsync();
        }
    }

    private protected override async Task<ScheduleLane> OpenAsync()
    {
        var bucket = await _ceph.CreateBucketAsync();
        return await ProxiedLane.OpenAsync(
            _ceph.Endpoint,
            static request => request.Query.ContainsKey("list-type"),
            (address, stallTimeout) => Open(bucket, address, stallTimeout),
            async () => [.. ((await _ceph.Admin.ListMultipartUploadsAsync(bucket)).MultipartUploads ?? []).Select(static upload => $"{upload.Key} {upload.UploadId}")]);
    }

    private protected override async Task ReviveAsync()
    {
        await _one.WaitAsync();
        try
        {
            using var answer = await _probe.GetAsync(_ceph.Endpoint);
        }
        catch (HttpRequestException)
        {
            await _ceph.KillGatewayAsync();
            await _ceph.StartGatewayAsync();
            _lives++;
        }
        finally
        {
            _one.Release();
        }
    }

    private Target Open(string bucket, Uri address, TimeSpan stallTimeout)
    {
        using var credential = TargetCredential.Of(_ceph.Key.Id, _ceph.Key.Secret, "of the test");
        var settings = new TargetSettings { Address = TargetUri.Parse($"s3://{bucket}/under/it?endpoint={address}") };
        return RemoteTargets.Open(settings, credential, new OpenContext(NullSink.Instance, TimeProvider.System) { StallTimeout = stallTimeout });
    }
}
