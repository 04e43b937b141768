using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Aws;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Amazon's own rules, over TLS: sums that the server proves, encryption that it confirms, conditional completion, archives.</summary>
public sealed class S3DoubleAwsConformance : TargetConformance
{
    private const string Bucket = "offsite";

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private S3Double _server = null!;

    protected override DateTimeOffset Now => _clock.GetUtcNow();

    protected override TargetCapabilities Expected { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        Versions = true,
        LegalHold = true,
        ColdStorage = true,
        ServerChecksum = true,
        MaxObjectBytes = 5L << 40,
        ListsInOrder = true,
        ParallelPuts = 2,
        MaxDeletesPerRequest = 1000,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
        Region = "eu-central-1",
    };

    protected override int PartBytes => 5 << 20;

    protected override int ManyObjects => 2_500;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    protected override async ValueTask<Target> CreateAsync()
    {
        _server = await S3Double.StartAsync(new S3DoubleOptions { IsSecure = true, Time = _clock });
        _server.MakeBucket(Bucket, hasLock: true);
        return Open(Bucket, "shop");
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open(Bucket, "shop-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(Open("missing", "shop"));

    protected override Task PutStrangerAsync(string name)
    {
        _server.Bucket(Bucket).Objects[$"shop/{name}"] = [new S3Stored($"shop/{name}", "1", [1], _clock.GetUtcNow())];
        return Task.CompletedTask;
    }

    /// <summary>The signatures are of this machine's time, which the store's must not be too far from; locks end by the store's.</summary>
    protected override Task PassAsync(DateTimeOffset time)
    {
        _clock.SetUtcNow(time);
        return Task.CompletedTask;
    }

    protected override Task FreezeAsync(ObjectName name)
    {
        var versions = _server.Bucket(Bucket).Objects[$"shop/{name}"];
        versions[^1] = versions[^1] with { StorageClass = "GLACIER" };
        return Task.CompletedTask;
    }

    protected override Task EndWarmUpAsync()
    {
        var stored = _server.Bucket(Bucket).Objects.Values.Single()[^1];
        stored.Restore = (_clock.GetUtcNow(), stored.Restore!.Value.Until);
        return Task.CompletedTask;
    }

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Empty(_server.Bucket(Bucket).Objects);
        Assert.Empty(_server.Bucket(Bucket).Uploads);
    }

    private Target Open(string bucket, string prefix) => S3Scene.Open(
        $"s3://{bucket}/{prefix}?endpoint={_server.Endpoint.OriginalString.TrimEnd('/')}&region=eu-central-1&pathstyle=yes&versioning=on&ca={_server.AuthorityFile}",
        AwsProfile.Instance, _server.Key, S3Scene.InShortParts);
}
