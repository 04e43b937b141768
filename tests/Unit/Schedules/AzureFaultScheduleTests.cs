using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Azure;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>Microsoft's own emulator behind the proxy.</summary>
public sealed class AzureFaultScheduleTests : FaultScheduleTests
{
    private protected override async Task<ScheduleLane> OpenAsync()
    {
        var azurite = await TestServers.AzuriteAsync();
        var container = await azurite.CreateContainerAsync();
        return await ProxiedLane.OpenAsync(
            azurite.Endpoint,
            static request => request.Query["comp"] == "list",
            (address, stallTimeout) => Open(azurite, container, new Uri(address, azurite.Endpoint.AbsolutePath), stallTimeout));
    }

    private static Target Open(AzuriteServer azurite, string container, Uri address, TimeSpan stallTimeout)
    {
        using var credential = TargetCredential.Of(AzuriteServer.Account, azurite.Key, "of the test");
        var settings = new TargetSettings { Address = TargetUri.Parse(AzureStore.AddressOf(address, container, "under/it", "&versioning=off")) };
        return RemoteTargets.Open(settings, credential, new OpenContext(NullSink.Instance, TimeProvider.System) { StallTimeout = stallTimeout });
    }
}
