using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Conformance;

public class GcsDoubleConformance : TargetConformance
{
    private protected GcsStore Store { get; private set; } = null!;

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
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
    };

    protected override int PartBytes => GcsStore.PartBytes;

    protected override int ManyObjects => 1_100;

    private protected virtual (string Key, string Value)[] Options => [("uniformaccess", "yes"), ("versioning", "off"), ("objectretention", "no")];

    protected override async ValueTask<Target> CreateAsync()
    {
        Store = await StartAsync();
        return Store.OpenSmall(options: Options);
    }

    private protected virtual Task<GcsStore> StartAsync() => GcsStore.StartAsync();

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Store.OpenSmall("vault-2/", options: Options));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(Store.OpenSmall(bucket: "missing", options: Options));

    protected override async Task PutStrangerAsync(string name)
    {
        using var client = new GcsDoubleClient(Store.Server);
        var token = Store.Iam.Grant("stranger@project", "https://www.googleapis.com/auth/cloud-platform");
        Assert.Equal(200, (await client.UploadAsync(GcsStore.Bucket, $$"""{"name":"vault/{{name}}"}""", [1], token: token)).Status);
    }

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Equal(0, Store.Server.UnfinishedUploads);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }
}

/// <summary>A bucket that keeps old generations and can lock objects.</summary>
public sealed class GcsDoubleVersionedConformance : GcsDoubleConformance
{
    private readonly ShiftedTime _time = new();

    protected override DateTimeOffset Now => _time.GetUtcNow();

    protected override TargetCapabilities Expected => base.Expected with
    {
        ObjectLock = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        Versions = true,
        LegalHold = true,
    };

    private protected override (string Key, string Value)[] Options => [("uniformaccess", "yes"), ("versioning", "on"), ("objectretention", "yes")];

    private protected override Task<GcsStore> StartAsync() => GcsStore.StartLockingAsync(new() { Time = _time });

    protected override Task PassAsync(DateTimeOffset time)
    {
        _time.Offset += time - Now + TimeSpan.FromSeconds(1);
        return Task.CompletedTask;
    }
}
