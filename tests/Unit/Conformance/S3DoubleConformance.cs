using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A platform that speaks S3, with its own ways on both sides: on a bucket with versions and locks.</summary>
public abstract class S3DoubleConformance : TargetConformance
{
    private const string Bucket = "offsite";

    protected override DateTimeOffset Now => Clock.GetUtcNow();

    protected override int PartBytes => 5 << 20;

    protected override int ManyObjects => 2_500;

    private protected FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

    private protected S3Double Server { get; private set; } = null!;

    protected static TargetCapabilities OfFamily { get; } = new()
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
    };

    private protected abstract S3Profile Profile { get; }

    private protected abstract S3DoubleOptions Options { get; }

    /// <summary>Without the endpoint, and with at least one option.</summary>
    protected abstract string AddressOf(string bucket, string prefix);

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    protected override async ValueTask<Target> CreateAsync()
    {
        Server = await S3Double.StartAsync(Options);
        Server.MakeBucket(Bucket, hasLock: true);
        return Open(Bucket, "shop");
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open(Bucket, "shop-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(Open("missing", "shop"));

    protected override Task PutStrangerAsync(string name)
    {
        Server.Bucket(Bucket).Objects[$"shop/{name}"] = [new S3Stored($"shop/{name}", "1", [1], Clock.GetUtcNow())];
        return Task.CompletedTask;
    }

    /// <summary>The signatures are of this machine's time, which the store's must not be too far from; locks end by the store's.</summary>
    protected override Task PassAsync(DateTimeOffset time)
    {
        Clock.SetUtcNow(time);
        return Task.CompletedTask;
    }

    protected override Task FreezeAsync(ObjectName name)
    {
        var versions = Server.Bucket(Bucket).Objects[$"shop/{name}"];
        versions[^1] = versions[^1] with { StorageClass = "GLACIER" };
        return Task.CompletedTask;
    }

    protected override Task EndWarmUpAsync()
    {
        var stored = Server.Bucket(Bucket).Objects.Values.Single()[^1];
        stored.Restore = (Clock.GetUtcNow(), stored.Restore!.Value.Until);
        return Task.CompletedTask;
    }

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Empty(Server.Bucket(Bucket).Objects);
        Assert.Empty(Server.Bucket(Bucket).Uploads);
    }

    private protected virtual Target Open(string address) => S3Scene.Open(address, Profile, Server.Key, S3Scene.InShortParts);

    private Target Open(string bucket, string prefix) => Open(
        $"{AddressOf(bucket, prefix)}&endpoint={Server.Endpoint.OriginalString.TrimEnd('/')}{(Options.IsSecure ? $"&ca={Server.AuthorityFile}" : "")}");
}
