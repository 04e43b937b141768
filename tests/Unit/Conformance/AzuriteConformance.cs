using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers.Doubles.Azure;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Azure;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>An account that keeps no versions, and so no locks.</summary>
public class AzuriteConformance : TargetConformance
{
    private const string Prefix = "some/prefix";

    private AzuriteServer _azurite = null!;
    private AzureGuard _guard = null!;
    private string _container = null!;

    protected override TargetCapabilities Expected => new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = true,
        MaxObjectBytes = 50_000L * 4_000 << 20,
        ColdStorage = true,
        ListsInOrder = true,
        ParallelPuts = 2,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
    };

    protected virtual bool IsVersioned => false;

    protected override int PartBytes => AzureStore.BlockBytes;

    protected override async ValueTask<Target> CreateAsync()
    {
        _azurite = await TestServers.AzuriteAsync();
        _guard = await AzureGuard.StartAsync(_azurite, IsVersioned);
        _container = await _azurite.CreateContainerAsync();
        return Open(_container, Prefix);
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult<Target>(Open(_container, Prefix + "-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult<Target>(Open($"{_container}-missing", Prefix));

    protected override Task PutStrangerAsync(string name) =>
        _azurite.Admin.GetBlobContainerClient(_container).UploadBlobAsync($"{Prefix}/{name}", new BinaryData("stranger"), Cancel);

    protected override Task FreezeAsync(ObjectName name) =>
        _azurite.Admin.GetBlobContainerClient(_container).GetBlobClient($"{Prefix}/{name}").SetAccessTierAsync(AccessTier.Archive, cancellationToken: Cancel);

    protected override Task EndWarmUpAsync()
    {
        _guard.EndWarmUps();
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_guard is not null)
        {
            await _guard.DisposeAsync();
            Assert.Empty(_guard.Violations);
        }

        GC.SuppressFinalize(this);
    }

    private AzureBlobTarget Open(string container, string prefix) =>
        AzureStore.Open(_azurite.Key, AzureStore.AddressOf(_guard.Endpoint, container, prefix, $"&versioning={(IsVersioned ? "on" : "off")}"));
}

/// <summary>An account that keeps versions, and a container whose versions can be locked.</summary>
public sealed class AzuriteGuardedConformance : AzuriteConformance
{
    protected override TargetCapabilities Expected => base.Expected with
    {
        Versions = true,
        ObjectLock = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        LegalHold = true,
    };

    protected override bool IsVersioned => true;
}
