using System.Xml.Linq;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.Wasabi;

/// <summary>Buckets as Wasabi has them: two ways to keep objects that exclude each other, and answers of another kind than what was asked for.</summary>
public sealed class WasabiSetupTests : IAsyncLifetime
{
    private const string Address = "wasabi://offsite/shop?region=eu-central-2";

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private S3Double _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_bucket_is_made_and_set_and_then_nothing_is_left_to_do()
    {
        await using var setup = FamilyScene.SetUp(_server, Address);

        var (left, facts) = await FamilyScene.ApplyAsync(setup, new SetupWishes { Lock = LockMode.Compliance }, Cancel);

        Assert.Empty(left);
        Assert.Equal("eu-central-2", _server.Bucket("offsite").Location);
        Assert.Equal(SetupItem.On, FamilyScene.Of(facts, SetupItem.ObjectLock).Value);
        Assert.Equal("AES256", FamilyScene.Of(facts, SetupItem.Encryption).Value);
        Assert.Equal(new TargetFact(SetupItem.RetentionPolicy, FactState.Known, SetupItem.Off), FamilyScene.Of(facts, SetupItem.RetentionPolicy));
    }

    [Fact]
    public async Task A_bucket_under_its_own_compliance_policy_gets_no_locks_and_is_not_fit()
    {
        _server.MakeBucket("offsite").Settings["compliance"] = XElement.Parse(
            "<BucketComplianceConfiguration><Status>enabled</Status><LockTime>2026-01-01T00:00:00Z</LockTime><RetentionDays>365</RetentionDays><ConditionalHold>true</ConditionalHold></BucketComplianceConfiguration>");
        await using var setup = FamilyScene.SetUp(_server, Address);
        var facts = await setup.InspectAsync(Cancel);

        Assert.Equal("compliance policy of 365 days, locked from 2026-01-01T00:00:00Z on, new objects held", FamilyScene.Of(facts, SetupItem.RetentionPolicy).Value);
        var error = await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance }, facts, Cancel));
        Assert.Equal(FaultCodes.SetupRefused, error.Code);
        Assert.Contains("365 days", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(await setup.PlanAsync(new SetupWishes(), facts, Cancel));
        Assert.DoesNotContain(_server.Requests, static request => request.Method is "PUT");

        await using var run = Probe(_server);
        var result = await TargetChecks.All.Single(static check => check.Name is TargetChecks.Versioning).Run(run, Cancel);
        Assert.Equal((CheckOutcome.Failed, FaultCodes.SetupRefused), (result.Outcome, result.Code!));
    }

    [Fact]
    public async Task A_policy_that_is_off_is_none()
    {
        _server.MakeBucket("offsite", hasLock: true).Settings["compliance"] = XElement.Parse("<BucketComplianceConfiguration><Status>disabled</Status><RetentionDays>0</RetentionDays></BucketComplianceConfiguration>");
        await using var setup = FamilyScene.SetUp(_server, Address);

        Assert.Equal(SetupItem.Off, FamilyScene.Of(await setup.InspectAsync(Cancel), SetupItem.RetentionPolicy).Value);
    }

    /// <summary>Asked for the lock of such a bucket, Wasabi lists what is in it.</summary>
    [Fact]
    public async Task Locks_that_come_too_late_are_refused_before_anything_is_changed()
    {
        _server.MakeBucket("offsite");
        await using var setup = FamilyScene.SetUp(_server, Address);
        var facts = await setup.InspectAsync(Cancel);

        Assert.Equal(SetupItem.Off, FamilyScene.Of(facts, SetupItem.ObjectLock).Value);
        Assert.Equal(FaultCodes.SetupRefused, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance }, facts, Cancel))).Code);
        Assert.DoesNotContain(_server.Requests, static request => request.Method is "PUT");
    }

    [Fact]
    public async Task What_the_platform_lacks_is_no_wish()
    {
        await using var setup = FamilyScene.SetUp(_server, Address);
        foreach (var wishes in new[] { new SetupWishes { KmsKey = "key" }, new SetupWishes { ArchiveAfterDays = 30 } })
        {
            Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(wishes, [], Cancel))).Code);
        }
    }

    [Theory]
    [InlineData(true, "no")]
    [InlineData(false, "yes")]
    public async Task Whether_the_condition_of_a_put_is_kept_is_found_out_by_trying(bool isIgnored, string learnt)
    {
        await using var server = await StartAsync(new S3DoubleOptions { Region = "eu-central-2", IgnoresConditions = isIgnored });
        server.MakeBucket("offsite");
        await using var run = Probe(server);

        var found = new Dictionary<string, CheckOutcome>(StringComparer.Ordinal);
        await TargetChecks.RunAsync(run, TargetChecks.For(run.Settings), TimeSpan.FromMinutes(2), (check, result, _) => found[check.Name] = result.Outcome, Cancel);

        Assert.Equal(isIgnored ? CheckOutcome.NotOffered : CheckOutcome.Passed, found[TargetChecks.ConditionalCreate]);
        Assert.DoesNotContain(CheckOutcome.Failed, found.Values);
        Assert.Equal(learnt, run.Learnt["conditionalput"]);
        Assert.Equal(!isIgnored, run.Target.Capabilities.ConditionalPut);
        Assert.Empty(server.Bucket("offsite").Objects);
    }

    [Fact]
    public async Task Wrong_keys_are_tried_once_each_and_right_ones_go_on_when_the_lockout_is_over()
    {
        _server.MakeBucket("offsite");
        for (var index = 0; index < 3; index++)
        {
            await using var wrong = Open(S3Key.New());
            Assert.Equal(TargetFault.KeyRejected, (await Assert.ThrowsAsync<TargetException>(() => PutAsync(wrong))).Fault);
            Assert.Equal(index + 1, _server.Requests.Count);
        }

        await using var target = Open(_server.Key);
        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target));
        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Contains("AuthenticationLockout", error.Message, StringComparison.Ordinal);
        Assert.Contains("five minutes", error.Remedy, StringComparison.Ordinal);
        Assert.Equal(4, _server.Requests.Count);

        _clock.Advance(S3DoubleOptions.LockoutTime);
        await PutAsync(target);
    }

    [Fact]
    public async Task A_bucket_that_lies_elsewhere_is_said_to_lie_where_the_redirect_leads()
    {
        await using var server = await StartAsync(new S3DoubleOptions { Region = "eu-central-2", RedirectsTo = "s3.eu-west-1.wasabisys.com" });
        await using var target = RemoteTargets.Open(FamilyScene.At(server, Address), FamilyScene.KeyOf(server), FamilyScene.In());

        var error = await Assert.ThrowsAsync<TargetException>(() => PutAsync(target));

        Assert.Equal(TargetFault.WrongRegion, error.Fault);
        Assert.Contains("lies in eu-west-1, not in eu-central-2", error.Message, StringComparison.Ordinal);
    }

    private static Task<PutReceipt> PutAsync(Target target) => target.PutAsync(new ObjectName("packs/one"), new MemoryStream([1]), PutOptions.Default with { IsOwnName = true }, Cancel);

    private static ProbeRun Probe(S3Double server)
    {
        var credential = FamilyScene.KeyOf(server);
        return new ProbeRun(FamilyScene.At(server, Address), settings => RemoteTargets.Open(settings, credential, FamilyScene.In()), FamilyScene.SetUp(server, Address), TimeProvider.System);
    }

    private Task<S3Double> StartAsync(S3DoubleOptions? options = null) => S3Double.StartAsync((options ?? new S3DoubleOptions { Region = "eu-central-2", IgnoresConditions = true, ListsInsteadOfLocks = true, LocksOutAfter = 3 }) with
    {
        Time = _clock,
        HasOwnRegions = true,
        RefusesChecksums = true,
        OwnSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["compliance"] = "BucketComplianceConfiguration" },
    });

    private RetryTarget Open(S3Key key)
    {
        using var credential = Engine.Targets.Naming.TargetCredential.Of(key.Id, key.Secret, "of the test");
        return new RetryTarget(RemoteTargets.Open(FamilyScene.At(_server, Address), credential, FamilyScene.In()), RetryOptions.Default);
    }
}
