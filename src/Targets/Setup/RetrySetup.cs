using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Targets.Setup;

/// <summary>A setup whose transient failures are tried again, as those of its target are. A change that was made although its answer was lost is found made.</summary>
/// <param name="inner">From now on this one's own.</param>
public sealed class RetrySetup(TargetSetup inner, RetryOptions options, TimeProvider clock, IEngineSink sink) : TargetSetup
{
    private readonly Retries _retries = new(options, inner.Meter, clock, sink);

    public override TargetMeter Meter => inner.Meter;

    public override IReadOnlyList<string> LeftOut => inner.LeftOut;

    public override bool IsRegionProvedByRequests => inner.IsRegionProvedByRequests;

    public override Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken) => _retries.RunAsync("inspect", inner.InspectAsync, cancellationToken);

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken) =>
        _retries.RunAsync("plan", token => inner.PlanAsync(wishes, facts, token), cancellationToken);

    /// <summary>The making of a place is tried once: at a second try one that somebody else made meanwhile would be taken for our own.</summary>
    public override Task ApplyAsync(SetupChange change, CancellationToken cancellationToken) => change.Item is SetupItem.Place
        ? inner.ApplyAsync(change, cancellationToken)
        : _retries.RunAsync(
            $"set {change.Item}",
            async token =>
            {
                await inner.ApplyAsync(change, token);
                return true;
            },
            cancellationToken);

    public override Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken) => _retries.RunAsync("ask for rights", inner.FindRightsTooWideAsync, cancellationToken);

    public override Task<DateTimeOffset?> AskTimeAsync(CancellationToken cancellationToken) => _retries.RunAsync("ask for the time", inner.AskTimeAsync, cancellationToken);

    public override Task<bool?> IsReadableByAllAsync(ObjectName name, CancellationToken cancellationToken) =>
        _retries.RunAsync($"read {name} without a credential", token => inner.IsReadableByAllAsync(name, token), cancellationToken);

    public override IReadOnlyDictionary<string, string> OptionsFrom(IReadOnlyList<TargetFact> facts) => inner.OptionsFrom(facts);

    public override Task<bool?> CanShortenAsync(ObjectName name, ObjectLock shorter, CancellationToken cancellationToken) =>
        _retries.RunAsync($"shorten the lock of {name}", token => inner.CanShortenAsync(name, shorter, token), cancellationToken);

    public override Task<bool?> CanLiftAsync(ObjectName name, CancellationToken cancellationToken) => _retries.RunAsync($"lift the lock of {name}", token => inner.CanLiftAsync(name, token), cancellationToken);

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
