using Amazon.S3.Model;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A platform that speaks S3, with its own ways, on the server that anybody can run.</summary>
public abstract class CephFamilyConformance : TargetConformance
{
    private const string Prefix = "shop";

    private CephServer _ceph = null!;
    private string _bucket = null!;

    /// <summary>Without the endpoint, and with at least one option.</summary>
    protected abstract string AddressOf(string bucket, string prefix);

    /// <summary>Of a bucket that was made with locks.</summary>
    protected virtual bool HasLock => false;

    protected static TargetCapabilities OfFamily { get; } = new()
    {
        ConditionalPut = false,
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
    };

    protected override int ManyObjects => 1_100;

    protected override async ValueTask<Target> CreateAsync()
    {
        _ceph = await TestServers.CephAsync();
        _bucket = await _ceph.CreateBucketAsync(HasLock);
        return OpenAt(_bucket, Prefix);
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(OpenAt(_bucket, Prefix + "-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(OpenAt(_bucket + "-missing", Prefix));

    protected override Task PutStrangerAsync(string name) =>
        _ceph.Admin.PutObjectAsync(new PutObjectRequest { BucketName = _bucket, Key = $"{Prefix}/{name}", ContentBody = "stranger" }, Cancel);

    private protected virtual Target Open(string address, S3Key key)
    {
        using var credential = TargetCredential.Of(key.Id, key.Secret, "of the test");
        return RemoteTargets.Open(new TargetSettings { Address = TargetUri.Parse(address) }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
    }

    private Target OpenAt(string bucket, string prefix) =>
        Open($"{AddressOf(bucket, prefix)}&endpoint={_ceph.Endpoint.OriginalString}", _ceph.Key);
}
