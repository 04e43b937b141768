using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Azure;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>An account that keeps no versions, and so no locks.</summary>
public sealed class AzuriteConformance : TargetConformance
{
    protected override async ValueTask<Target> CreateAsync()
    {
        var azurite = await TestServers.AzuriteAsync();
        return AzureStore.Open(azurite.Key, AzureStore.AddressOf(azurite.Endpoint, await azurite.CreateContainerAsync(), options: "&versioning=off"));
    }
}
