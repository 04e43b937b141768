using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Azure;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>An account that keeps no versions, and so no locks.</summary>
public sealed class AzuriteConformance : TargetConformance
{
    private const string Prefix = "some/prefix";

    private AzuriteServer _azurite = null!;
    private string _container = null!;

    protected override TargetCapabilities Expected { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = true,
        MaxObjectBytes = 50_000L * 4_000 << 20,
        ListsInOrder = true,
        ParallelPuts = 2,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
    };

    protected override int PartBytes => AzureStore.BlockBytes;

    protected override async ValueTask<Target> CreateAsync()
    {
        _azurite = await TestServers.AzuriteAsync();
        _container = await _azurite.CreateContainerAsync();
        return Open(_container, Prefix);
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult<Target>(Open(_container, Prefix + "-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult<Target>(Open($"{_container}-missing", Prefix));

    protected override Task PutStrangerAsync(string name) =>
        _azurite.Admin.GetBlobContainerClient(_container).UploadBlobAsync($"{Prefix}/{name}", new BinaryData("stranger"), Cancel);

    private SecureBackup.Targets.Azure.AzureBlobTarget Open(string container, string prefix) =>
        AzureStore.Open(_azurite.Key, AzureStore.AddressOf(_azurite.Endpoint, container, prefix, "&versioning=off"));
}
