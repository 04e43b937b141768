using Amazon.S3.Model;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.S3Compatible;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A bucket with Object Lock on a real server; what is longer than 5 MiB goes there in parts.</summary>
public sealed class CephVersionedLockedConformance : TargetConformance
{
    private CephServer _ceph = null!;
    private string _bucket = null!;

    protected override TargetCapabilities Expected { get; } = new()
    {
        ConditionalPut = false,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        Versions = true,
        LegalHold = true,
        ServerChecksum = true,
        MaxObjectBytes = 5L << 40,
        ListsInOrder = true,
        ParallelPuts = 2,
        MaxDeletesPerRequest = 1000,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
        Region = "us-east-1",
    };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Ceph 16 passes the condition over where the bucket keeps versions; a look before the put is no atomic step.",
    };

    protected override int PartBytes => 5 << 20;

    protected override async ValueTask<Target> CreateAsync()
    {
        _ceph = await TestServers.CephAsync();
        _bucket = await _ceph.CreateBucketAsync(hasLock: true);
        return Open(_bucket, "shop");
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open(_bucket, "shop-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(Open(_bucket + "-missing", "shop"));

    protected override Task PutStrangerAsync(string name) =>
        _ceph.Admin.PutObjectAsync(new PutObjectRequest { BucketName = _bucket, Key = $"shop/{name}", ContentBody = "stranger" }, Cancel);

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Empty(await Target.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
        Assert.Empty((await _ceph.Admin.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = _bucket }, Cancel)).MultipartUploads ?? []);
    }

    private Target Open(string bucket, string prefix) =>
        S3Scene.Open($"s3://{bucket}/{prefix}?endpoint={_ceph.Endpoint}&versioning=on", S3CompatibleProfile.Instance, _ceph.Key, S3Scene.InShortParts);
}
