using System.Xml.Linq;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Unit.Stores.Azure;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Stores.Setup;

/// <summary>The default retention of a place belongs to all who use it: it becomes less on its own word alone, and only what somebody was asked about is locked for ever.</summary>
public sealed class CommonRetentionTests
{
    private static readonly SetupWishes Final = new() { Lock = LockMode.Compliance, DefaultRetentionDays = 30, AllowsIrreversible = true };

    private static readonly SetupWishes Weak = new() { Lock = LockMode.Governance, DefaultRetentionDays = 7 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Google_locks_only_the_period_that_was_asked_about()
    {
        await using var store = await GcsStore.StartLockingAsync();
        await using var setup = Open(store);
        await using var another = Open(store);
        await SetAsync(store, 3650);
        var planned = await PlanAsync(setup, Final);
        Assert.Equal([("3650 days", "30 days", true), ("30 days", "30 days, locked", true)], planned.Select(static change => (change.From, change.To, change.IsIrreversible)));

        // The first was answered with no.
        await AssertRefusedAsync(setup, planned[1]);
        await setup.ApplyAsync(planned[0], Cancel);
        await SetAsync(store, 400);
        await AssertRefusedAsync(setup, planned[1]);
        Assert.Equal("400 days", await RetentionAsync(setup));

        await ApplyAllAsync(setup, Final);
        var longer = Assert.Single(await PlanAsync(setup, Final with { DefaultRetentionDays = 60 }));
        await ApplyAllAsync(another, Final with { DefaultRetentionDays = 50 });
        await AssertRefusedAsync(setup, longer);
        Assert.Equal("50 days, locked", await RetentionAsync(setup));
    }

    [Fact]
    public async Task Azure_locks_only_the_period_that_was_asked_about()
    {
        await using var scene = await AzureScene.StartAsync(isVersioned: true, hasContainer: false);
        await using var setup = scene.OpenSetup();
        await using var another = scene.OpenSetup();
        await ApplyAllAsync(setup, Final with { Lock = LockMode.Governance, DefaultRetentionDays = 3650 });
        var planned = await PlanAsync(setup, Final);
        Assert.Equal([("3650 days", "30 days", true), ("30 days", "30 days, locked", true)], planned.Select(static change => (change.From, change.To, change.IsIrreversible)));

        await AssertRefusedAsync(setup, planned[1]);
        Assert.Equal("3650 days", await RetentionAsync(setup));

        await ApplyAllAsync(setup, Final);
        var longer = Assert.Single(await PlanAsync(setup, Final with { DefaultRetentionDays = 60 }));
        await ApplyAllAsync(another, Final with { DefaultRetentionDays = 50 });
        await AssertRefusedAsync(setup, longer);
        Assert.Equal("50 days, locked", await RetentionAsync(setup));
    }

    [Theory]
    [InlineData("COMPLIANCE", "<Days>365</Days>", true)]
    [InlineData("COMPLIANCE", "<Days>7</Days>", true)]
    [InlineData("GOVERNANCE", "<Years>1</Years>", true)]
    [InlineData("GOVERNANCE", "<Days>6</Days>", false)]
    public async Task A_bucket_s_retention_becomes_less_on_its_own_word_alone(string mode, string period, bool isMore)
    {
        await using var scene = await CheckScene.StartAsync();
        await using var setup = scene.OpenSetup();
        scene.Place.Settings["object-lock"] = Lock(mode, period);

        if (!isMore)
        {
            Assert.False(Assert.Single(await PlanAsync(setup, Weak)).IsIrreversible);
            return;
        }

        var error = await Assert.ThrowsAsync<RequestException>(() => PlanAsync(setup, Weak));
        Assert.Equal(FaultCodes.TargetOptionInvalid, error.Code);
        Assert.Contains(mode, error.Message, StringComparison.Ordinal);
        var change = Assert.Single(await PlanAsync(setup, Weak with { AllowsIrreversible = true }));
        Assert.True(change.IsIrreversible);
        Assert.StartsWith("Shorten", change.Text, StringComparison.Ordinal);
        scene.Place.Settings["object-lock"] = Lock(mode, "<Days>99</Days>");
        await AssertRefusedAsync(setup, change);
        Assert.Equal($"{mode} 99 days", await RetentionAsync(setup));
    }

    [Fact]
    public async Task So_does_that_of_a_bucket_of_Google()
    {
        await using var store = await GcsStore.StartLockingAsync();
        await using var setup = Open(store);
        await SetAsync(store, 365);

        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => PlanAsync(setup, Weak))).Code);
        var change = Assert.Single(await PlanAsync(setup, Weak with { AllowsIrreversible = true }));
        Assert.StartsWith("Shorten", change.Text, StringComparison.Ordinal);
        await setup.ApplyAsync(change, Cancel);
        Assert.Equal("7 days", await RetentionAsync(setup));
    }

    [Fact]
    public async Task So_does_that_of_a_container()
    {
        await using var scene = await AzureScene.StartAsync(isVersioned: true, hasContainer: false);
        await using var setup = scene.OpenSetup();
        await ApplyAllAsync(setup, Weak with { DefaultRetentionDays = 365 });

        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => PlanAsync(setup, Weak))).Code);
        var change = Assert.Single(await PlanAsync(setup, Weak with { AllowsIrreversible = true }));
        Assert.StartsWith("Shorten", change.Text, StringComparison.Ordinal);
        await setup.ApplyAsync(change, Cancel);
        Assert.Equal("7 days", await RetentionAsync(setup));
    }

    private static TargetSetup Open(GcsStore store)
    {
        using var credential = store.Credential();
        return SecureBackup.Targets.RemoteTargets.OpenSetup(store.Settings(), credential, GcsStore.Context);
    }

    /// <summary>By somebody else.</summary>
    private static async Task SetAsync(GcsStore store, int days)
    {
        using var client = new GcsDoubleClient(store.Server);
        await client.SendAsync(HttpMethod.Patch, $"storage/v1/b/{GcsStore.Bucket}", $$$"""{"retentionPolicy":{"retentionPeriod":"{{{days * 86400L}}}"}}""", store.Iam.Grant("admin", "https://www.googleapis.com/auth/cloud-platform"));
    }

    private static XElement Lock(string mode, string period) => XElement.Parse(
        $"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>{mode}</Mode>{period}</DefaultRetention></Rule></ObjectLockConfiguration>");

    /// <summary>Of the default retention alone.</summary>
    private static async Task<List<SetupChange>> PlanAsync(TargetSetup setup, SetupWishes wishes) =>
        [.. (await setup.PlanAsync(wishes, await setup.InspectAsync(Cancel), Cancel)).Where(static change => change.Item is SetupItem.DefaultRetention)];

    private static async Task ApplyAllAsync(TargetSetup setup, SetupWishes wishes)
    {
        foreach (var change in await setup.PlanAsync(wishes, await setup.InspectAsync(Cancel), Cancel))
        {
            await setup.ApplyAsync(change, Cancel);
        }
    }

    private static async Task<string?> RetentionAsync(TargetSetup setup) => (await setup.InspectAsync(Cancel)).Single(static fact => fact.Item is SetupItem.DefaultRetention).Value;

    private static async Task AssertRefusedAsync(TargetSetup setup, SetupChange change) =>
        Assert.Equal(FaultCodes.SetupRefused, (await Assert.ThrowsAsync<RequestException>(() => setup.ApplyAsync(change, Cancel))).Code);
}
