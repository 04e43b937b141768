using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores.Setup;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>Buckets of a real server, from nothing to what a backup needs.</summary>
public sealed class S3SetupTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bucket_is_made_and_set_and_then_nothing_is_left_to_do()
    {
        var ceph = await TestServers.CephAsync();
        await using var setup = Open(ceph, $"vault-{Guid.NewGuid():n}");
        var wishes = new SetupWishes { Lock = LockMode.Governance };
        var missing = await setup.InspectAsync(Cancel);
        Assert.Equal([new TargetFact(SetupItem.Place, FactState.Known, null)], missing);

        var plan = await setup.PlanAsync(wishes, missing, Cancel);
        Assert.Equal(SetupItem.Place, plan[0].Item);
        await setup.ApplyAsync(plan[0], Cancel);
        foreach (var change in await setup.PlanAsync(wishes, await setup.InspectAsync(Cancel), Cancel))
        {
            await setup.ApplyAsync(change, Cancel);
        }

        var facts = await setup.InspectAsync(Cancel);
        Assert.Empty(await setup.PlanAsync(wishes, facts, Cancel));
        Assert.Equal(SetupItem.On, ValueOf(facts, SetupItem.Versioning));
        Assert.Equal(SetupItem.On, ValueOf(facts, SetupItem.ObjectLock));
        Assert.Equal(SetupItem.Off, ValueOf(facts, SetupItem.PublicAccess));
        Assert.Equal(SetupItem.Off, ValueOf(facts, SetupItem.LifecycleReach));
        Assert.Contains("old versions go after 90 days", ValueOf(facts, SetupItem.Lifecycle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_lets_others_in_or_deletes_backups_is_a_fact()
    {
        var ceph = await TestServers.CephAsync();
        var bucket = await ceph.CreateBucketAsync();
        await using var setup = Open(ceph, bucket);
        await ceph.Admin.PutBucketAclAsync(new() { BucketName = bucket, ACL = Amazon.S3.S3CannedACL.PublicRead }, Cancel);
        await ceph.Admin.PutLifecycleConfigurationAsync(
            new()
            {
                BucketName = bucket,
                Configuration = new() { Rules = [new() { Id = "gone", Status = Amazon.S3.LifecycleRuleStatus.Enabled, Filter = new() { LifecycleFilterPredicate = new Amazon.S3.Model.LifecyclePrefixPredicate { Prefix = "some/" } }, Expiration = new() { Days = 30 } }] },
            },
            Cancel);
        var facts = await setup.InspectAsync(Cancel);

        Assert.Contains("READ", ValueOf(facts, SetupItem.PublicAccess), StringComparison.Ordinal);
        Assert.Contains("gone: some/: objects go after 30 days", ValueOf(facts, SetupItem.LifecycleReach), StringComparison.Ordinal);
        foreach (var change in (await setup.PlanAsync(new SetupWishes(), facts, Cancel)).Where(static change => change.Item is SetupItem.Lifecycle or SetupItem.PublicAccess))
        {
            await setup.ApplyAsync(change, Cancel);
        }

        var closed = await setup.InspectAsync(Cancel);
        Assert.Equal(SetupItem.Off, ValueOf(closed, SetupItem.PublicAccess));
        Assert.Contains("gone:", ValueOf(closed, SetupItem.Lifecycle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_to_others_by_name_stays()
    {
        var ceph = await TestServers.CephAsync();
        var bucket = await ceph.CreateBucketAsync();
        await using var setup = Open(ceph, bucket);
        var list = await ceph.Admin.GetBucketAclAsync(new() { BucketName = bucket }, Cancel);
        var owner = $"id=\"{list.Owner.Id}\"";
        await ceph.Admin.PutBucketAclAsync(new() { BucketName = bucket, GrantFullControl = owner, GrantReadACP = owner, GrantRead = "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"" }, Cancel);

        var change = Assert.Single(await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel), static change => change.Item is SetupItem.PublicAccess);
        Assert.Contains("READ", change.Text, StringComparison.Ordinal);
        await setup.ApplyAsync(change, Cancel);

        var after = await ceph.Admin.GetBucketAclAsync(new() { BucketName = bucket }, Cancel);
        Assert.Equal(["FULL_CONTROL", "READ_ACP"], after.Grants.Select(static grant => grant.Permission.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_others_write_while_somebody_thinks_is_added_to()
    {
        await using var store = await S3Double.StartAsync(new S3DoubleOptions { IsSecure = true });
        store.MakeBucket("backups");
        using var credential = TargetCredential.Of(store.Key.Id, store.Key.Secret, "of the test");
        await using var setup = RemoteTargets.OpenSetup(
            new TargetSettings { Address = TargetUri.Parse($"s3://backups/x?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1&ca={Uri.EscapeDataString(store.AuthorityFile!)}") }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
        var plan = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        store.Bucket("backups").Policy = """{"Statement":[{"Sid":"theirs","Effect":"Allow"}]}""";
        store.Bucket("backups").Settings["lifecycle"] = System.Xml.Linq.XElement.Parse("<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix>other/</Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>");
        store.Before = static (context, next) =>
        {
            if (context.Request.Query.ContainsKey("lifecycle") && context.Request.Method is "GET")
            {
                context.Response.Headers["x-amz-transition-default-minimum-object-size"] = "varies_by_storage_class";
            }

            return next();
        };

        foreach (var change in plan.Where(static change => change.Item is SetupItem.TransportPolicy or SetupItem.Lifecycle))
        {
            await setup.ApplyAsync(change, Cancel);
        }

        Assert.Contains("theirs", store.Bucket("backups").Policy, StringComparison.Ordinal);
        Assert.Contains("theirs", store.Bucket("backups").Settings["lifecycle"].ToString(), StringComparison.Ordinal);
        Assert.Equal(["varies_by_storage_class"], store.Requests.Where(static request => request.Operation is "PutBucketLifecycleConfiguration").Select(static request => request.Headers.GetValueOrDefault("x-amz-transition-default-minimum-object-size")));
    }

    [Fact]
    public async Task Rules_for_a_whole_bucket_of_others_take_the_word_for_what_cannot_be_taken_back()
    {
        await using var store = await S3Double.StartAsync();
        store.MakeBucket("backups");
        using var credential = TargetCredential.Of(store.Key.Id, store.Key.Secret, "of the test");
        await using var setup = RemoteTargets.OpenSetup(
            new TargetSettings { Address = TargetUri.Parse($"s3://backups?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1") }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
        var facts = await setup.InspectAsync(Cancel);

        Assert.DoesNotContain(await setup.PlanAsync(new SetupWishes(), facts, Cancel), static change => change.Item is SetupItem.Lifecycle);
        Assert.Contains("-Irreversible", Assert.Single(setup.LeftOut), StringComparison.Ordinal);
        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes { ArchiveAfterDays = 1 }, facts, Cancel))).Code);
        var change = Assert.Single(await setup.PlanAsync(new SetupWishes { AllowsIrreversible = true }, facts, Cancel), static change => change.Item is SetupItem.Lifecycle);
        Assert.True(change.IsIrreversible);
        Assert.Empty(setup.LeftOut);
        Assert.Contains("whoever put it there", change.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_of_the_old_style_are_taken_along_in_the_new_one()
    {
        await using var scene = await CheckScene.StartAsync();
        await using var setup = scene.OpenSetup();
        scene.Place.Settings["lifecycle"] = System.Xml.Linq.XElement.Parse("<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status><Prefix>logs/</Prefix><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>");
        var facts = await setup.InspectAsync(Cancel);
        Assert.Equal((SetupItem.Off, "theirs: logs/: objects go after 30 days"), (ValueOf(facts, SetupItem.LifecycleReach), ValueOf(facts, SetupItem.Lifecycle)));

        await ApplyAllAsync(setup);

        Assert.Contains("theirs: logs/: objects go after 30 days", ValueOf(await setup.InspectAsync(Cancel), SetupItem.Lifecycle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_access_list_gives_others_stays_and_keeps_nothing_else_from_being_done()
    {
        const string Logs = "http://acs.amazonaws.com/groups/s3/LogDelivery";
        await using var scene = await CheckScene.StartAsync(hasLock: false);
        await using var setup = scene.OpenSetup();
        scene.Place.Grants.AddRange([(Logs, "WRITE"), ("http://acs.amazonaws.com/groups/global/AllUsers", "READ")]);

        Assert.Equal(["PublicAccessBlock", "PublicAccess", "TransportPolicy", "Encryption", "Versioning", "Lifecycle"], await ApplyAllAsync(setup));
        Assert.Contains($"WRITE to {Logs}", Assert.Single(setup.LeftOut), StringComparison.Ordinal);
        Assert.Equal([(Logs, "WRITE")], scene.Place.Grants);

        scene.Place.Grants.Clear();
        Assert.Equal(["ObjectOwnership"], await ApplyAllAsync(setup));
        Assert.Empty(setup.LeftOut);
    }

    [Fact]
    public async Task Wishes_that_contradict_each_other_are_refused_before_anything_is_asked()
    {
        await using var setup = RemoteTargets.OpenSetup(
            new TargetSettings { Address = TargetUri.Parse("s3://bucket?endpoint=http://127.0.0.1:1") }, TargetCredential.Of("id", "secret", "of the test"), new OpenContext(NullSink.Instance, TimeProvider.System));

        Assert.Equal(TargetFault.LockNotKept, (await Assert.ThrowsAsync<TargetException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance, KeepsVersions = false }, [], Cancel))).Fault);
        foreach (var wishes in new[] { new SetupWishes { DefaultRetentionDays = 7 }, new SetupWishes { DefaultRetentionDays = 7, Lock = LockMode.Compliance }, new SetupWishes { ArchiveClass = "GLACIER" } })
        {
            Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(wishes, [], Cancel))).Code);
        }
    }

    private static async Task<List<string>> ApplyAllAsync(TargetSetup setup)
    {
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        foreach (var change in changes)
        {
            await setup.ApplyAsync(change, Cancel);
        }

        return [.. changes.Select(static change => change.Item)];
    }

    private static TargetSetup Open(CephServer ceph, string bucket)
    {
        using var credential = TargetCredential.Of(ceph.Key.Id, ceph.Key.Secret, "of the test");
        return RemoteTargets.OpenSetup(new TargetSettings { Address = TargetUri.Parse($"s3://{bucket}/some/prefix?endpoint={ceph.Endpoint}") }, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
    }

    private static string? ValueOf(IReadOnlyList<TargetFact> facts, string item) => facts.First(fact => string.Equals(fact.Item, item, StringComparison.Ordinal)).Value;
}
