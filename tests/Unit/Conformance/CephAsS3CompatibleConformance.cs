using Amazon.S3.Model;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>An S3 server that anybody can run, with a bucket that is known to keep no versions.</summary>
public sealed class CephAsS3CompatibleConformance : TargetConformance
{
    private const string Prefix = "some/prefix";

    private CephServer _ceph = null!;
    private string _bucket = null!;

    protected override TargetCapabilities Expected { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = true,
        MaxObjectBytes = 5L << 40,
        ListsInOrder = true,
        ParallelPuts = 2,
        MaxDeletesPerRequest = 1000,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
        Region = "us-east-1",
    };

    protected override int ManyObjects => 1_100;

    protected override async ValueTask<Target> CreateAsync()
    {
        _ceph = await TestServers.CephAsync();
        _bucket = await _ceph.CreateBucketAsync();
        return Open(_bucket, Prefix);
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open(_bucket, Prefix + "-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(Open(_bucket + "-missing", Prefix));

    protected override Task PutStrangerAsync(string name) =>
        _ceph.Admin.PutObjectAsync(new PutObjectRequest { BucketName = _bucket, Key = $"{Prefix}/{name}", ContentBody = "stranger" }, Cancel);

    private Target Open(string bucket, string prefix)
    {
        using var credential = TargetCredential.Of(_ceph.Key.Id, _ceph.Key.Secret, "of the test");
        var address = TargetUri.Parse($"s3://{bucket}/{prefix}?endpoint={_ceph.Endpoint}&versioning=off&conditionalput=yes");
        return RemoteTargets.Open(new TargetSettings { Address = address }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
    }
}
