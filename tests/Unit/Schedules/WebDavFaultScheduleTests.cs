using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.WebDav;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>Apache behind the proxy: each call is several requests, and a line may break between any two.</summary>
public sealed class WebDavFaultScheduleTests : FaultScheduleTests
{
    private protected override async Task<ScheduleLane> OpenAsync() => await DavLane.OpenAsync(await TestServers.ApacheAsync());
}

/// <summary>A folder of an Apache server.</summary>
internal sealed class DavLane : ProxiedLane
{
    private readonly string _path;

    private DavLane(FaultProxy proxy, ApacheDav server, string folder)
        : base(proxy, (address, stallTimeout) => DavPlace.Open($"dav://{address.Authority}/{folder}", server.User, server.Password, stallTimeout), new Uri($"http://{server.Authority}/"), leftovers: null)
    {
        _path = Path.Join(server.Root, folder);
    }

    internal static async Task<ScheduleLane> OpenAsync(ApacheDav server) =>
        new DavLane(await FaultProxy.StartAsync(new Uri($"http://{server.Authority}/"), IsListing), server, server.CreateFolder());

    internal override int UsualRequests => 40;

    /// <summary>Nothing proves what is sent; and a listing is several requests, so that an old part would make one of no moment at all.</summary>
    internal override IReadOnlyList<FaultKind> Impossible { get; } = [FaultKind.CorruptRequest, FaultKind.StaleListing];

    internal override Task<IReadOnlyList<string>> LeftoversAsync() =>
        Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFiles(_path, ".*", SearchOption.AllDirectories)]);

    /// <summary>Temporaries whose deletion went wrong too: a later run sweeps them.</summary>
    internal override int MostLeftovers(IReadOnlyList<FaultKind> happened) => happened.Count;

    /// <summary>A listing has a folder or two, and where nothing is found the target's own is looked for.</summary>
    internal override int MostRequests(int usual) => 3 * usual;

    /// <summary>Folders made and swept, the three of the put, what is taken away where it fails, and the look at what is there when the name is taken.</summary>
    internal override int PutRequests(int lengthBytes) => 12 + base.PutRequests(lengthBytes);

    private static bool IsListing(HttpRequest request) => request.Method is "PROPFIND" && request.Headers["Depth"] == "1";
}
