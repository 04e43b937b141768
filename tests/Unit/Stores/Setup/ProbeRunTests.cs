using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Stores.Setup;

public sealed class ProbeRunTests : IAsyncDisposable
{
    private const string Rest = "probe/0123456789abcdef/locked-governance";

    private static readonly TargetSettings Settings = new() { Address = TargetUri.Parse("azblob://account/container") };

    private readonly ShiftedTime _time = new();
    private readonly MemoryTarget _target;

    public ProbeRunTests() => _target = new MemoryTarget(_time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _target.DisposeAsync();

    [Fact]
    public async Task Cleaning_takes_what_runs_left_and_nothing_of_others()
    {
        string[] foreign = ["probe/a/b", "probe/0123456789abcdeg/x", "probe/0123456789abcdef", "probe/0123456789abcdef0/x"];
        await PutAsync([Rest, .. foreign]);
        _time.Offset = TimeSpan.FromHours(3);

        await RunAsync(Settings);

        Assert.Equal(foreign.Order(StringComparer.Ordinal), Names());
    }

    [Fact]
    public async Task What_is_read_alone_is_not_written_to()
    {
        await PutAsync([Rest]);
        _time.Offset = TimeSpan.FromHours(3);

        var results = await RunAsync(Settings with { IsReadOnly = true });

        Assert.Equal(["Place exists", "Credential accepted", "Region right", "Transport", "List", "Clock", "Not public"], results.Keys);
        Assert.Equal([Rest], Names());
        Assert.Equal((1, 0), (_target.Meter.Sample().Puts, _target.Meter.Sample().Deletes));
    }

    [Fact]
    public async Task Where_nothing_says_who_may_reach_a_place_that_is_said() =>
        Assert.Equal(CheckOutcome.CannotTell, (await RunAsync(Settings))["Not public"].Outcome);

    [Theory]
    [InlineData(1, "no")]
    [InlineData(2, "no")]
    [InlineData(0, "yes")]
    public async Task A_condition_is_counted_on_only_after_its_trial_came_to_its_end(int failingPut, string learnt)
    {
        await using var run = new ProbeRun(Settings, settings => new Unsure(_target, settings, failingPut), new ClosedSetup("Azure"), _time);

        await TargetChecks.RunAsync(run, [.. TargetChecks.QuickFor(Settings), .. TargetChecks.All.Where(static check => check.Name is TargetChecks.ConditionalCreate)], TimeSpan.FromMinutes(1), static (_, _, _) => { }, Cancel);

        Assert.Equal(learnt, run.Learnt["conditionalput"]);
        Assert.Equal(learnt is "yes", run.Target.Capabilities.ConditionalPut);
    }

    [Fact]
    public async Task A_promise_of_the_platform_that_is_not_kept_is_a_failure_where_nothing_can_be_learnt()
    {
        var found = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        await using var run = new ProbeRun(
            Settings, changed => changed.Options.Count == 0 ? new CarelessTarget(_target) : throw new RequestException(FaultCodes.TargetOptionInvalid, "No such setting."), new ClosedSetup("Azure"), _time);
        await TargetChecks.RunAsync(run, TargetChecks.All, TimeSpan.FromMinutes(1), (check, result, _) => found.Add(check.Name, result), Cancel);

        Assert.Equal((CheckOutcome.Failed, FaultCodes.TargetUnsupported), (found["Conditional create"].Outcome, found["Conditional create"].Code));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_store_that_looks_and_then_puts_is_found_out_by_puts_at_the_same_moment(bool isPromised)
    {
        var found = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        await using var run = new ProbeRun(Settings, settings => new HastyTarget(_target, settings, isPromised), new ClosedSetup("Azure"), _time);

        await TargetChecks.RunAsync(run, TargetChecks.All, TimeSpan.FromMinutes(1), (check, result, _) => found.Add(check.Name, result), Cancel);

        Assert.Equal(CheckOutcome.NotOffered, found["Conditional create"].Outcome);
        Assert.Contains("at the same moment more than one is taken", found["Conditional create"].Detail, StringComparison.Ordinal);
        Assert.Equal(("no", false), (run.Learnt["conditionalput"], run.Target.Capabilities.ConditionalPut));
        Assert.Empty(Names());
    }

    private async Task<Dictionary<string, CheckResult>> RunAsync(TargetSettings settings)
    {
        var found = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        await using var run = new ProbeRun(settings, _ => _target, new ClosedSetup("Azure"), _time);
        await TargetChecks.RunAsync(run, TargetChecks.QuickFor(settings), TimeSpan.FromMinutes(1), (check, result, _) => found.Add(check.Name, result), Cancel);
        return found;
    }

    private async Task PutAsync(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            await _target.PutAsync(new ObjectName(name), new MemoryStream([1], writable: false), PutOptions.Default, Cancel);
        }
    }

    private IEnumerable<string> Names() => _target.Objects.Keys.Select(static name => name.Value).Order(StringComparer.Ordinal);

    /// <summary>A store whose condition has to be tried, and which breaks off at one of the puts of that trial.</summary>
    private sealed class Unsure(Target inner, TargetSettings settings, int failingPut) : DelegatingTarget(inner)
    {
        private int _trials;

        public override TargetCapabilities Capabilities => base.Capabilities with { ConditionalPut = settings.Option("conditionalput") is "yes" };

        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
            name.Value.EndsWith("/once", StringComparison.Ordinal) && ++_trials == failingPut
                ? throw new TargetException(TargetFault.Unavailable, "It broke off.")
                : base.PutAsync(name, content, options, cancellationToken);
    }

    /// <summary>Looks whether a name is free and then puts, which is not one step: of two that come at the same moment both have looked before either puts.</summary>
    private sealed class HastyTarget(Target inner, TargetSettings settings, bool isPromised) : DelegatingTarget(inner)
    {
        private readonly TaskCompletionSource _two = new();
        private int _atOnce;

        public override TargetCapabilities Capabilities => base.Capabilities with { ConditionalPut = settings.Option("conditionalput") is { } said ? said is "yes" : isPromised };

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            if (options.IfAbsent && await StatAsync(name, cancellationToken) is not null)
            {
                throw new TargetException(TargetFault.AlreadyExists, "It exists.");
            }

            if (name.Value.Contains("/at-once-", StringComparison.Ordinal))
            {
                if (Interlocked.Increment(ref _atOnce) == 2)
                {
                    _two.SetResult();
                }

                await _two.Task.WaitAsync(cancellationToken);
            }

            return await base.PutAsync(name, content, options with { IfAbsent = false }, cancellationToken);
        }
    }

    /// <summary>Puts over what is there, whatever it was told.</summary>
    private sealed class CarelessTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
            base.PutAsync(name, content, options with { IfAbsent = false }, cancellationToken);
    }
}
