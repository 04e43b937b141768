using System.Xml.Linq;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles.Ibm;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.IbmCos;

/// <summary>Buckets as IBM has them: settings that take a while until they are seen, a class of the bucket, a retention policy that excludes versions, and copies in other regions.</summary>
public sealed class IbmCosSetupTests : IAsyncLifetime
{
    private const string Address = "ibmcos://offsite/shop?region=eu-de&storageclass=vault";

    private static readonly string[] Lacking = ["GetBucketPolicy", "GetBucketPolicyStatus", "PutBucketPolicy", "GetBucketEncryption", "PutBucketEncryption", "GetBucketOwnershipControls", "PutBucketOwnershipControls"];

    private readonly HurryingTime _clock = new();
    private IbmIamDouble _iam = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _iam = await IbmIamDouble.StartAsync(_clock);

    public ValueTask DisposeAsync() => _iam.DisposeAsync();

    [Fact]
    public async Task Settings_that_are_seen_later_are_waited_for()
    {
        await using var server = await StartAsync(TimeSpan.FromSeconds(20), hasTokens: true);
        await using var setup = SetUpWithApiKey(server, $"{Address}&instance=crn:v1:instance");
        var start = _clock.GetUtcNow();

        var (left, facts) = await FamilyScene.ApplyAsync(setup, new SetupWishes { Lock = LockMode.Governance }, Cancel);

        Assert.Empty(left);
        Assert.InRange(_clock.GetUtcNow() - start, TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(5));
        Assert.Equal("eu-de-vault", FamilyScene.Of(facts, SetupItem.Region).Value);
        Assert.Equal(SetupItem.On, FamilyScene.Of(facts, SetupItem.ObjectLock).Value);
        Assert.Equal(SetupItem.On, FamilyScene.Of(facts, SetupItem.PublicAccessBlock).Value);
        Assert.Equal(new Dictionary<string, string>(StringComparer.Ordinal) { ["versioning"] = "on", ["storageclass"] = "VAULT" }, setup.OptionsFrom(facts));
        Assert.Equal("crn:v1:instance", Assert.Single(server.Requests, static request => request.Headers.ContainsKey("ibm-service-instance-id")).Headers["ibm-service-instance-id"]);
        Assert.DoesNotContain(server.Requests, static request => Lacking.Contains(request.Operation, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Settings_that_are_never_seen_are_given_up_after_a_minute()
    {
        await using var server = await StartAsync(TimeSpan.FromHours(1));
        server.MakeBucket("offsite");
        await using var setup = FamilyScene.SetUp(server, Address, _clock);
        var change = (await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel)).First(static change => change.Item is SetupItem.Versioning);
        var start = _clock.GetUtcNow();

        Assert.Equal(FaultCodes.SetupRefused, (await Assert.ThrowsAsync<RequestException>(() => setup.ApplyAsync(change, Cancel))).Code);
        Assert.InRange(_clock.GetUtcNow() - start, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(65));
    }

    [Fact]
    public async Task A_bucket_under_a_retention_policy_gets_neither_locks_nor_versions()
    {
        await using var server = await StartAsync();
        server.MakeBucket("offsite").Settings["protection"] = XElement.Parse(
            "<ProtectionConfiguration><Status>Retention</Status><MinimumRetention><Days>10</Days></MinimumRetention><DefaultRetention><Days>30</Days></DefaultRetention><MaximumRetention><Days>365</Days></MaximumRetention></ProtectionConfiguration>");
        await using var setup = FamilyScene.SetUp(server, Address, _clock);
        var facts = await setup.InspectAsync(Cancel);

        Assert.Equal("retention policy of 10 to 365 days, 30 where a put names none", FamilyScene.Of(facts, SetupItem.RetentionPolicy).Value);
        foreach (var wishes in new[] { new SetupWishes(), new SetupWishes { Lock = LockMode.Governance } })
        {
            Assert.Equal(FaultCodes.SetupRefused, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(wishes, facts, Cancel))).Code);
        }

        Assert.DoesNotContain(await setup.PlanAsync(new SetupWishes { KeepsVersions = false }, facts, Cancel), static change => change.Item is SetupItem.Versioning);
        Assert.DoesNotContain(server.Requests, static request => request.Method is "PUT");
    }

    [Theory]
    [InlineData(0, false, "nothing failed")]
    [InlineData(2, false, "2 objects failed")]
    [InlineData(3, true, "3 or more objects failed")]
    public async Task What_could_not_be_copied_to_the_other_region_is_a_fact(int failed, bool isMore, string said)
    {
        await using var server = await StartAsync();
        var bucket = server.MakeBucket("offsite", isVersioned: true);
        bucket.Settings["replication"] = XElement.Parse(
            "<ReplicationConfiguration><Rule><ID>copy</ID><Status>Enabled</Status><Priority>0</Priority><Filter/><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication><Destination><Bucket>crn:v1:other</Bucket></Destination></Rule></ReplicationConfiguration>");
        bucket.Settings["ibm-replication-failures"] = new XElement(
            "ListReplicationFailureResult", new XElement("Name", "offsite"), new XElement("IsTruncated", isMore ? "true" : "false"),
            Enumerable.Range(0, failed).Select(static index => new XElement("Contents", new XElement("Key", $"{index}"))));
        await using var setup = FamilyScene.SetUp(server, Address, _clock);

        Assert.Equal($"copy: Enabled to crn:v1:other; {said}", FamilyScene.Of(await setup.InspectAsync(Cancel), SetupItem.Replication).Value);
    }

    [Fact]
    public async Task A_bucket_that_copies_nothing_is_not_asked_what_failed()
    {
        await using var server = await StartAsync();
        server.MakeBucket("offsite");
        await using var setup = FamilyScene.SetUp(server, Address, _clock);

        Assert.Null(FamilyScene.Of(await setup.InspectAsync(Cancel), SetupItem.Replication).Value);
        Assert.DoesNotContain(server.Requests, static request => request.Operation is "ibm-replication-failures");
    }

    [Fact]
    public async Task To_make_a_bucket_with_an_API_key_it_takes_the_instance()
    {
        await using var server = await StartAsync(hasTokens: true);
        await using var setup = SetUpWithApiKey(server, Address);
        var facts = await setup.InspectAsync(Cancel);

        Assert.Equal([new TargetFact(SetupItem.Place, FactState.Known, null)], facts);
        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes(), facts, Cancel))).Code);
    }

    /// <summary>A rule is for a whole bucket there, manifests and all.</summary>
    [Fact]
    public async Task Packs_alone_cannot_be_archived()
    {
        await using var server = await StartAsync();
        await using var setup = FamilyScene.SetUp(server, Address, _clock);

        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes { ArchiveAfterDays = 30 }, [], Cancel))).Code);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("&storageclass=smart", null)]
    [InlineData("&storageclass=vault", 30)]
    [InlineData("&storageclass=COLD", 90)]
    public async Task The_class_of_the_bucket_says_how_long_its_packs_are_paid_for_and_goes_with_no_put(string option, int? days)
    {
        await using var server = await StartAsync();
        server.MakeBucket("offsite");
        await using var target = RemoteTargets.Open(FamilyScene.At(server, $"ibmcos://offsite/shop?region=eu-de{option}"), FamilyScene.KeyOf(server), FamilyScene.In());
        await target.PutAsync(new("packs/one"), new MemoryStream([1]), PutOptions.Default, Cancel);

        Assert.Equal(days, (int?)target.Capabilities.MinStorageTime?.TotalDays);
        Assert.DoesNotContain(server.Requests, static request => request.Headers.ContainsKey("x-amz-storage-class"));
    }

    private IbmCosSetup SetUpWithApiKey(S3Double server, string address)
    {
        using var credential = TargetCredential.Of("apikey", _iam.ApiKey, "of the test");
        var settings = S3Settings.From(FamilyScene.At(server, address), IbmCosProfile.Instance, TimeSpan.FromSeconds(60));
        var (authorized, credentials) = IamKey.Authorize(settings, credential, _clock, _iam.TokenAddress);
        return new IbmCosSetup(authorized, credentials, _clock);
    }

    private Task<S3Double> StartAsync(TimeSpan showAfter = default, bool hasTokens = false) => S3Double.StartAsync(new S3DoubleOptions
    {
        Time = _clock,
        Region = "eu-de",
        HasOwnRegions = true,
        HasOldListingsOnly = true,
        SettingsShowAfter = showAfter,
        Lacks = Lacking,
        IsToken = hasTokens ? _iam.IsValid : null,
        OwnSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["protection"] = "ProtectionConfiguration", ["ibm-replication-failures"] = "ListReplicationFailureResult" },
    });
}
