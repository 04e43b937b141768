using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Azure;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>Microsoft's own emulator behind the proxy: what is longer than a few MiB goes in blocks.</summary>
public sealed class AzureFaultScheduleTests : FaultScheduleTests, IAsyncLifetime
{
    private AzuriteServer _azurite = null!;

    public async ValueTask InitializeAsync() => _azurite = await TestServers.QuickAzuriteAsync();

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }
    }

    private protected override async Task<ScheduleLane> OpenAsync() => await AzureLane.OpenAsync(_azurite, await _azurite.CreateContainerAsync());
}

/// <summary>A container of the emulator. What blocks are left behind nobody can take away; the platform does in its time.</summary>
internal sealed class AzureLane : ProxiedLane
{
    private const int SinglePutBytes = 3 << 20;

    /// <summary>The emulator does one thing after the other, and waits for its disk: a line that only seems to hang would be given up.</summary>
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(3);

    private AzureLane(FaultProxy proxy, Func<Uri, TimeSpan, Target> open, Uri store)
        : base(proxy, open, store, leftovers: null)
    {
    }

    internal static async Task<ScheduleLane> OpenAsync(AzuriteServer azurite, string container)
    {
        var proxy = await FaultProxy.StartAsync(azurite.Endpoint, static request => request.Query["comp"] == "list");
        // The list of blocks has no sum; each block has.
        proxy.Proved = static (request, _) => request.Query["comp"] == "blocklist" ? ..0 : Range.All;
        return new AzureLane(
            proxy,
            (address, stallTimeout) =>
            {
                using var credential = TargetCredential.Of(AzuriteServer.Account, azurite.Key, "of the test");
                var given = new TargetSettings { Address = TargetUri.Parse(AzureStore.AddressOf(new Uri(address, azurite.Endpoint.AbsolutePath), container, "under/it", "&versioning=off")) };
                var settings = AzureSettings.From(given, stallTimeout < Patient ? Patient : stallTimeout) with { SinglePutBytes = SinglePutBytes, BlockBytes = SinglePutBytes };
                return new AzureBlobTarget(settings, AzureCredentials.From(credential, settings), TimeProvider.System);
            },
            azurite.Endpoint);
    }

    /// <summary>The blocks, what makes an object of them, and the look at what is there.</summary>
    internal override int PutRequests(int lengthBytes) => base.PutRequests(lengthBytes) + (lengthBytes > SinglePutBytes ? lengthBytes / SinglePutBytes : 0);
}
