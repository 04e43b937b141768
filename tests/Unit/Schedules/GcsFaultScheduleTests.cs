using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Google;
using SecureBackup.Tests.Servers.Faults;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>Google's protocol behind the proxy: what is longer than a few MiB goes in a session, which has more requests that can go wrong than any other put.</summary>
public sealed class GcsFaultScheduleTests : FaultScheduleTests, IAsyncLifetime
{
    private GcsStore _store = null!;
    private int _lanes;

    public async ValueTask InitializeAsync() => _store = await GcsStore.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private protected override Task<ScheduleLane> OpenAsync() => GcsLane.OpenAsync(_store, $"lane-{Interlocked.Increment(ref _lanes)}/", "off");
}

/// <summary>In a bucket that keeps versions and can lock objects.</summary>
public sealed class GcsLockScheduleTests : LockScheduleTests, IAsyncLifetime
{
    private GcsStore _store = null!;
    private int _lanes;

    public async ValueTask InitializeAsync() => _store = await GcsStore.StartLockingAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private protected override Task<ScheduleLane> OpenAsync() => GcsLane.OpenAsync(_store, $"lane-{Interlocked.Increment(ref _lanes)}/", "on");
}

/// <summary>A prefix of a double's bucket.</summary>
internal sealed class GcsLane : ProxiedLane
{
    private const int SinglePutBytes = 2 << 20;
    private const int ChunkBytes = 4 << 20;

    private static readonly byte[] EndOfHead = [.. "\r\n\r\n"u8];

    private GcsLane(FaultProxy proxy, Func<Uri, TimeSpan, Target> open, GcsStore store, string prefix)
        : base(proxy, open, store.Server.Address, () => Task.FromResult(store.Server.UnfinishedUploadsOf(prefix)))
    {
    }

    /// <param name="versioning">Of the bucket: on or off.</param>
    internal static async Task<ScheduleLane> OpenAsync(GcsStore store, string prefix, string versioning)
    {
        var proxy = await FaultProxy.StartAsync(store.Server.Address, static request => HttpMethods.IsGet(request.Method) && request.Path.Value!.EndsWith("/o", StringComparison.Ordinal));
        proxy.Proved = ProvedOf;
        return new GcsLane(
            proxy,
            (address, stallTimeout) =>
            {
                using var credential = store.Credential();
                var given = store.Settings(("uniformaccess", "yes"), ("versioning", versioning), ("objectretention", versioning is "on" ? "yes" : "no"));
                var settings = GcsSettings.From(given, stallTimeout) with { Endpoint = address, Prefix = prefix, SinglePutBytes = SinglePutBytes, ChunkBytes = ChunkBytes };
                return new GcsTarget(settings, GcsCredentials.From(credential, settings), TimeProvider.System);
            },
            store,
            prefix);
    }

    /// <summary>Sessions whose beginning was lost on the way back, or whose cancelling went wrong: the platform ends them after a week.</summary>
    internal override int MostLeftovers(IReadOnlyList<FaultKind> happened) => happened.Count;

    /// <summary>The session, its chunks, and its end where it fails; then the look at what is there.</summary>
    internal override int PutRequests(int lengthBytes) => lengthBytes > SinglePutBytes ? 7 : base.PutRequests(lengthBytes);

    /// <summary>The object's bytes, which the sum in the metadata proves; the metadata itself and other JSON nothing does.</summary>
    private static Range ProvedOf(HttpRequest request, byte[] body)
    {
        if (HttpMethods.IsPut(request.Method))
        {
            return Range.All;
        }

        var first = body.AsSpan().IndexOf(EndOfHead);
        var second = first < 0 ? -1 : body.AsSpan(first + EndOfHead.Length).IndexOf(EndOfHead);
        return second < 0 ? ..0 : (first + second + (2 * EndOfHead.Length))..body.AsSpan().LastIndexOf("\r\n--"u8);
    }
}
