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
        _time.Offset = TimeSpan.FromHours(1);

        await RunAsync(Settings);

        Assert.Equal(foreign.Order(StringComparer.Ordinal), Names());
    }

    [Fact]
    public async Task What_is_read_alone_is_not_written_to()
    {
        await PutAsync([Rest]);
        _time.Offset = TimeSpan.FromHours(1);

        var results = await RunAsync(Settings with { IsReadOnly = true });

        Assert.Equal(["Place exists", "Credential accepted", "Region right", "Clock", "Transport", "List", "Not public"], results.Keys);
        Assert.Equal([Rest], Names());
        Assert.Equal((1, 0), (_target.Meter.Sample().Puts, _target.Meter.Sample().Deletes));
    }

    [Fact]
    public async Task Where_nothing_says_who_may_reach_a_place_that_is_said() =>
        Assert.Equal(CheckOutcome.CannotTell, (await RunAsync(Settings))["Not public"].Outcome);

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
}
