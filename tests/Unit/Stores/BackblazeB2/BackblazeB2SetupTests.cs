using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.BackblazeB2;

/// <summary>Buckets as Backblaze has them: versions always, no policies, and an account with caps.</summary>
public sealed class BackblazeB2SetupTests
{
    private const string Address = "b2://offsite/shop?region=us-west-004&pathstyle=yes&conditionalput=yes";

    private static readonly string[] Lacking =
    [
        "GetBucketPolicy", "GetBucketPolicyStatus", "PutBucketPolicy", "GetPublicAccessBlock", "PutPublicAccessBlock", "GetBucketOwnershipControls", "PutBucketOwnershipControls", "GetBucketReplication",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bucket_is_made_and_set_and_then_nothing_is_left_to_do()
    {
        await using var server = await StartAsync();
        await using var setup = FamilyScene.SetUp(server, Address);

        var (left, facts) = await FamilyScene.ApplyAsync(setup, new SetupWishes { Lock = LockMode.Governance }, Cancel);

        Assert.Empty(left);
        Assert.Equal("us-west-004", server.Bucket("offsite").Location);
        Assert.Equal(SetupItem.On, FamilyScene.Of(facts, SetupItem.Versioning).Value);
        Assert.Equal(SetupItem.On, FamilyScene.Of(facts, SetupItem.ObjectLock).Value);
        Assert.Equal(SetupItem.Off, FamilyScene.Of(facts, SetupItem.PublicAccess).Value);
        Assert.Contains("old versions go after 90 days", FamilyScene.Of(facts, SetupItem.Lifecycle).Value, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, static request => Lacking.Contains(request.Operation, StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_the_platform_lacks_is_no_wish()
    {
        await using var server = await StartAsync();
        await using var setup = FamilyScene.SetUp(server, Address);
        foreach (var wishes in new[] { new SetupWishes { KeepsVersions = false }, new SetupWishes { KmsKey = "key" }, new SetupWishes { ArchiveAfterDays = 30 } })
        {
            Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(wishes, [], Cancel))).Code);
        }

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_cap_ends_a_put_and_leaves_what_is_there()
    {
        await using var server = await StartAsync();
        server.MakeBucket("offsite", isVersioned: true);
        await using var target = RemoteTargets.Open(FamilyScene.At(server, Address), FamilyScene.KeyOf(server), FamilyScene.In());
        await target.PutAsync(new ObjectName("packs/one"), new MemoryStream(new byte[600]), PutOptions.Default, Cancel);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(new ObjectName("packs/two"), new MemoryStream(new byte[600]), PutOptions.Default, Cancel));

        Assert.Equal(TargetFault.QuotaExceeded, error.Fault);
        Assert.Equal(["packs/one"], await target.ListAsync("packs/", Cancel).Select(static stat => stat.Name.Value).ToListAsync(Cancel));
    }

    /// <summary>The S3 API does not know the master key's id.</summary>
    [Fact]
    public async Task The_master_key_is_refused_with_what_to_use_instead()
    {
        await using var server = await StartAsync();
        server.MakeBucket("offsite", isVersioned: true);
        using var master = Engine.Targets.Naming.TargetCredential.Of("0123456789ab", "hunter2hunter2", "of the test");
        await using var target = RemoteTargets.Open(FamilyScene.At(server, Address), master, FamilyScene.In());

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ListAsync("packs/", Cancel).ToListAsync(Cancel).AsTask());

        Assert.Equal(TargetFault.KeyRejected, error.Fault);
        Assert.Contains("application key", error.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    private static Task<S3Double> StartAsync() => S3Double.StartAsync(new S3DoubleOptions
    {
        Region = "us-west-004",
        HasOwnRegions = true,
        AlwaysKeepsVersions = true,
        RefusesChecksums = true,
        Lacks = Lacking,
        MaxBytes = 1000,
        QuotaCode = "AccessDenied",
        QuotaMessage = "Cannot upload files, storage cap exceeded. See the Caps and Alerts page to increase your cap.",
    });
}
