using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores.Azure;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Stores.Setup;

/// <summary>Where the place lies, what time it is there, and who else is let in: asked of the store, whatever the target is set to.</summary>
public sealed class PlaceCheckTests
{
    private readonly ShiftedTime _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("europe-west3", CheckOutcome.Failed)]
    [InlineData("us", CheckOutcome.Passed)]
    [InlineData(null, CheckOutcome.Passed)]
    public async Task A_bucket_of_Google_lies_where_Google_says(string? region, CheckOutcome outcome)
    {
        await using var store = await GcsStore.StartAsync("""{"location":"US"}""");
        using var credential = store.Credential();
        var settings = store.Settings(region is null ? [] : [("region", region)]);
        await using var run = Run(settings, credential);

        AssertRegion(await RunAsync(run), outcome, "gs://backups/vault", "US", region);
        Assert.Equal("US", run.Region);
    }

    [Theory]
    [InlineData("northeurope", CheckOutcome.Failed)]
    [InlineData("West Europe", CheckOutcome.Passed)]
    [InlineData("westeurope", CheckOutcome.Passed)]
    [InlineData(null, CheckOutcome.Passed)]
    public async Task An_account_of_Azure_lies_where_its_resource_manager_says(string? region, CheckOutcome outcome)
    {
        await using var scene = await AzureScene.StartAsync();
        (string, string)[] options = region is null ? [] : [("region", region)];
        using var key = scene.Key();
        await using var run = new ProbeRun(SettingsOf($"azblob://{AzuriteServer.Account}/{scene.Container}/shop"), _ => scene.Open(key, options), scene.OpenSetup(options: options), _time);

        AssertRegion(await RunAsync(run), outcome, scene.Container, "westeurope", region);
        Assert.Equal("westeurope", run.Region);
    }

    [Fact]
    public async Task Who_may_not_ask_where_an_account_lies_does_not_know_it()
    {
        await using var scene = await AzureScene.StartAsync();
        using var key = scene.Key();
        await using var run = new ProbeRun(SettingsOf($"azblob://{AzuriteServer.Account}/{scene.Container}/shop"), _ => scene.Open(key, ("region", "westeurope")), scene.OpenSetup(key), _time);

        Assert.Equal(CheckOutcome.CannotTell, (await RunAsync(run))["Region right"].Outcome);
        Assert.Null(run.Region);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_folder_that_asks_for_no_password_is_everybodys(bool asksNobody)
    {
        var server = await TestServers.ApacheAsync();
        using var credential = TargetCredential.Of(server.User, server.Password, "of the test");
        await using var run = Run(SettingsOf($"davs://{server.SecureAuthority}/{server.CreateFolder(asksNobody)}?ca={server.AuthorityFile}"), credential);

        var found = (await RunAsync(run))["Not public"];

        Assert.Equal(asksNobody ? (CheckOutcome.Failed, FaultCodes.TargetExposed) : (CheckOutcome.Passed, null), (found.Outcome, found.Code));
    }

    [Theory]
    [InlineData(8, false, CheckOutcome.Failed)]
    [InlineData(-8, true, CheckOutcome.Failed)]
    [InlineData(0, true, CheckOutcome.Passed)]
    public async Task A_server_of_WebDAV_tells_its_time(int minutes, bool isReadOnly, CheckOutcome outcome)
    {
        var server = await TestServers.ApacheAsync();
        using var credential = TargetCredential.Of(server.User, server.Password, "of the test");
        _time.Offset = TimeSpan.FromMinutes(minutes);
        await using var run = Run(SettingsOf($"dav://{server.Authority}/{server.CreateFolder()}") with { IsReadOnly = isReadOnly }, credential);

        AssertClock((await RunAsync(run))["Clock"], run, minutes, outcome);
    }

    [Theory]
    [InlineData(8, CheckOutcome.Failed)]
    [InlineData(-8, CheckOutcome.Failed)]
    [InlineData(0, CheckOutcome.Passed)]
    public async Task A_server_of_SFTP_tells_its_time_by_what_is_put_there(int minutes, CheckOutcome outcome)
    {
        var server = await TestServers.SshAsync();
        _time.Offset = TimeSpan.FromMinutes(minutes);
        await using var run = Run(SettingsOf(server.AddressOf(server.CreateFolder())), TargetCredential.None);

        AssertClock((await RunAsync(run))["Clock"], run, minutes, outcome);
    }

    [Fact]
    public async Task Where_nothing_may_be_put_a_server_of_SFTP_does_not_tell_its_time()
    {
        var server = await TestServers.SshAsync();
        _time.Offset = TimeSpan.FromMinutes(8);
        await using var run = Run(SettingsOf(server.AddressOf(server.CreateFolder())) with { IsReadOnly = true }, TargetCredential.None);

        Assert.Equal(CheckOutcome.CannotTell, (await RunAsync(run))["Clock"].Outcome);
    }

    private static void AssertRegion(IReadOnlyDictionary<string, CheckResult> found, CheckOutcome outcome, string place, string lies, string? given)
    {
        var region = found["Region right"];
        Assert.Equal((outcome, outcome is CheckOutcome.Failed ? FaultCodes.TargetWrongRegion : null), (region.Outcome, region.Code));
        Assert.Contains(outcome is CheckOutcome.Failed ? $" lies in {lies}, not in {given}." : lies, region.Detail, StringComparison.Ordinal);
        Assert.True(outcome is CheckOutcome.Passed || region.Detail.Contains(place, StringComparison.Ordinal));
        Assert.DoesNotContain(found, one => one.Value.Outcome is CheckOutcome.Failed && one.Key is not "Region right");
    }

    private static void AssertClock(CheckResult clock, ProbeRun run, int minutes, CheckOutcome outcome)
    {
        Assert.Equal((outcome, outcome is CheckOutcome.Failed ? FaultCodes.TargetClockSkewed : null), (clock.Outcome, clock.Code));
        Assert.InRange(run.ClockDifference!.Value.TotalMinutes, minutes - 1, minutes + 1);
    }

    private static TargetSettings SettingsOf(string address) => new() { Address = TargetUri.Parse(address) };

    private ProbeRun Run(TargetSettings settings, TargetCredential credential) => new(
        settings, changed => RemoteTargets.Open(changed, credential, GcsStore.Context), RemoteTargets.OpenSetup(settings, credential, GcsStore.Context), _time);

    private static async Task<IReadOnlyDictionary<string, CheckResult>> RunAsync(ProbeRun run)
    {
        var found = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        await TargetChecks.RunAsync(run, TargetChecks.QuickFor(run.Settings), TimeSpan.FromMinutes(2), (check, result, _) => found.Add(check.Name, result), Cancel);
        return found;
    }
}
