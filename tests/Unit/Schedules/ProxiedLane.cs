using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>A store that speaks HTTP, behind a fault proxy. A platform says how its target is opened at an address, and what a listing is.</summary>
internal class ProxiedLane : ScheduleLane
{
    private readonly FaultProxy _proxy;
    private readonly Func<Task<IReadOnlyList<string>>> _leftovers;

    protected ProxiedLane(FaultProxy proxy, Func<Uri, TimeSpan, Target> open, Uri store, Func<Task<IReadOnlyList<string>>>? leftovers)
    {
        _proxy = proxy;
        _leftovers = leftovers ?? base.LeftoversAsync;
        Faulty = new RetryTarget(open(proxy.Address, StallTimeout), Patience);
        Clean = open(store, TimeSpan.FromMinutes(1));
    }

    internal override Target Faulty { get; }

    internal override Target Clean { get; }

    /// <param name="open">At an address, with a limit for lines that hang.</param>
    internal static async Task<ScheduleLane> OpenAsync(
        Uri store, Func<HttpRequest, bool> isListing, Func<Uri, TimeSpan, Target> open, Func<Task<IReadOnlyList<string>>>? leftovers = null, bool strengthensLocks = true) =>
        new ProxiedLane(await FaultProxy.StartAsync(store, isListing), open, store, leftovers) { StrengthensLocks = strengthensLocks };

    internal override void Begin(FaultSchedule schedule) => _proxy.Begin(schedule);

    internal override void CorruptObjects() => _proxy.CorruptsObjects = true;

    internal override Task<IReadOnlyList<string>> LeftoversAsync() => _leftovers();

    public override async ValueTask DisposeAsync()
    {
        await Faulty.DisposeAsync();
        await Clean.DisposeAsync();
        await _proxy.DisposeAsync();
    }
}
