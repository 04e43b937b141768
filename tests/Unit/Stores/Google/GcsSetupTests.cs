using System.Collections.Immutable;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Tests.Unit.Stores.Google;

public sealed class GcsSetupTests : IAsyncLifetime
{
    private const string Others =
        """{"lifecycle":{"rule":[{"action":{"type":"Delete"},"condition":{"age":3650,"matchesPrefix":["other/"]}}]},"iamConfiguration":{"uniformBucketLevelAccess":{"enabled":false},"publicAccessPrevention":"inherited"}}""";

    private static readonly (string, string)[] Home = [("region", "europe-west3"), ("project", "project")];

    private GcsStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await GcsStore.StartAsync(Others);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_bucket_is_closed_versioned_and_tidied_and_then_nothing_is_left_to_do()
    {
        await using var setup = Open(_store);

        Assert.Equal(["UniformAccess", "PublicAccessBlock", "Versioning", "Lifecycle"], await ApplyAllAsync(setup, new SetupWishes { ArchiveAfterDays = 30, ArchiveClass = "coldline" }));

        var facts = await FactsAsync(setup);
        Assert.Equal((SetupItem.On, SetupItem.On, SetupItem.Off, SetupItem.On), (facts[SetupItem.UniformAccess], facts[SetupItem.PublicAccessBlock], facts[SetupItem.PublicAccess], facts[SetupItem.Versioning]));
        Assert.Equal("other/: objects go after 3650 days; vault/: old versions go after 90 days; vault/: uploads end after 7 days; vault/packs/: to COLDLINE after 30 days", facts[SetupItem.Lifecycle]);
        Assert.Equal(SetupItem.Off, facts[SetupItem.LifecycleReach]);
        Assert.Empty(await ApplyAllAsync(setup, new SetupWishes { ArchiveAfterDays = 30, ArchiveClass = "coldline" }));
        Assert.Equal(["Lifecycle"], await ApplyAllAsync(setup, new SetupWishes { NoncurrentDays = 10 }));
        Assert.Equal("other/: objects go after 3650 days; vault/: old versions go after 10 days; vault/: uploads end after 7 days; vault/packs/: to COLDLINE after 30 days", (await FactsAsync(setup))[SetupItem.Lifecycle]);
        Assert.Empty(await ApplyAllAsync(setup, new SetupWishes()));
    }

    [Fact]
    public async Task Planning_changes_nothing()
    {
        await using var setup = Open(_store);

        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);

        Assert.Equal(4, changes.Count);
        Assert.All(changes, change => Assert.False(change.IsIrreversible));
        Assert.All(_store.Server.Requests, request => Assert.Equal("GET", request.HttpMethod));
    }

    [Fact]
    public async Task A_missing_bucket_is_made_closed_and_with_locks()
    {
        await using var store = await GcsStore.StartAsync(bucket: null);
        await using var setup = Open(store, Home);
        Assert.Equal([new TargetFact(SetupItem.Place, FactState.Known, null)], await setup.InspectAsync(Cancel));

        Assert.Equal(["Place", "Lifecycle"], await ApplyAllAsync(setup, new SetupWishes { Lock = LockMode.Governance }));

        var facts = await FactsAsync(setup);
        Assert.Equal(
            ("EUROPE-WEST3", SetupItem.On, SetupItem.On, SetupItem.On, SetupItem.On, null),
            (facts[SetupItem.Region], facts[SetupItem.UniformAccess], facts[SetupItem.PublicAccessBlock], facts[SetupItem.Versioning], facts[SetupItem.ObjectLock], facts[SetupItem.DefaultRetention]));
        Assert.Empty(await ApplyAllAsync(setup, new SetupWishes { Lock = LockMode.Governance }));
        await using var target = store.Open();
        var receipt = await target.PutAsync(new ObjectName("a"), new MemoryStream([1]), new PutOptions { Lock = new ObjectLock(LockMode.Governance, DateTimeOffset.UtcNow.AddMinutes(1)) }, Cancel);
        Assert.NotNull(receipt.Lock?.Lock);
    }

    [Fact]
    public async Task A_bucket_is_not_made_where_nobody_said()
    {
        await using var store = await GcsStore.StartAsync(bucket: null);
        await using var setup = Open(store);

        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes()));
    }

    [Fact]
    public async Task A_default_retention_is_set_and_locked_only_on_its_own_word()
    {
        await using var store = await GcsStore.StartLockingAsync();
        await using var setup = Open(store);
        var wishes = new SetupWishes { Lock = LockMode.Compliance, DefaultRetentionDays = 30 };

        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, wishes));
        var planned = await setup.PlanAsync(wishes with { AllowsIrreversible = true }, await setup.InspectAsync(Cancel), Cancel);
        Assert.Equal([false, true], planned.Where(change => change.Item is SetupItem.DefaultRetention).Select(change => change.IsIrreversible));

        Assert.Equal(["DefaultRetention", "DefaultRetention", "Lifecycle"], await ApplyAllAsync(setup, wishes with { AllowsIrreversible = true }));

        Assert.Equal("30 days, locked", (await FactsAsync(setup))[SetupItem.DefaultRetention]);
        Assert.Empty(await ApplyAllAsync(setup, wishes with { AllowsIrreversible = true }));
        await using var target = store.Open();
        await target.PutAsync(new ObjectName("a"), new MemoryStream([1]), PutOptions.Default, Cancel);
        Assert.Equal(TargetFault.Locked, (await Assert.ThrowsAsync<TargetException>(() => target.DeleteAsync(new ObjectName("a"), Cancel))).Fault);
    }

    [Fact]
    public async Task A_bucket_that_was_made_without_locks_never_gets_them()
    {
        await using var setup = Open(_store);

        Assert.Equal(FaultCodes.SetupRefused, await RefusalAsync(setup, new SetupWishes { Lock = LockMode.Governance }));
    }

    [Fact]
    public async Task Wishes_without_sense_are_refused()
    {
        await using var setup = Open(_store, ("autoclass", "on"));

        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { DefaultRetentionDays = 1 }));
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { ArchiveClass = "ARCHIVE" }));
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { ArchiveAfterDays = 1 }));
        Assert.Contains("Autoclass", await ApplyAllAsync(setup, new SetupWishes()));
    }

    [Fact]
    public async Task A_change_that_the_store_forgets_is_found_out()
    {
        await using var setup = Open(_store);
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        _store.Server.Before = (context, next) =>
        {
            if (context.Request.Method is not "PATCH")
            {
                return next();
            }

            context.Response.StatusCode = 200;
            return Task.CompletedTask;
        };

        var error = await Assert.ThrowsAsync<RequestException>(() => setup.ApplyAsync(changes[0], Cancel));

        Assert.Equal(FaultCodes.SetupRefused, error.Code);
    }

    [Fact]
    public async Task What_may_not_be_asked_is_denied_and_what_may_not_be_changed_names_the_right()
    {
        await using var setup = Open(_store);
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        _store.Server.Give(GcsStore.Account, "storage.buckets.get");

        var error = await Assert.ThrowsAsync<TargetException>(() => setup.ApplyAsync(changes[0], Cancel));
        Assert.Equal(TargetFault.AccessDenied, error.Fault);
        Assert.Contains("storage.buckets.update", error.Message, StringComparison.Ordinal);

        _store.Server.Give(GcsStore.Account);
        var facts = await setup.InspectAsync(Cancel);
        Assert.Equal(FactState.Denied, facts.Single(fact => fact.Item is SetupItem.Versioning).State);
        Assert.Equal(FactState.Denied, facts.Single(fact => fact.Item is SetupItem.PublicAccess).State);
    }

    [Fact]
    public async Task Who_is_let_in_is_told_and_an_object_is_asked_for_without_a_credential()
    {
        await using var setup = Open(_store);
        await using var target = _store.Open(("uniformaccess", "yes"));
        var name = new ObjectName("probe/one");
        await target.PutAsync(name, new MemoryStream([1]), PutOptions.Default, Cancel);
        Assert.Equal(SetupItem.Off, (await FactsAsync(setup))[SetupItem.PublicAccess]);
        Assert.False(await setup.IsReadableByAllAsync(name, Cancel));

        using var client = new GcsDoubleClient(_store.Server);
        await client.SendAsync(
            HttpMethod.Put, "storage/v1/b/backups/iam", """{"bindings":[{"role":"roles/storage.objectViewer","members":["allUsers"]}]}""", _store.Iam.Grant("admin", "https://www.googleapis.com/auth/cloud-platform"));

        Assert.Equal("allUsers: roles/storage.objectViewer", (await FactsAsync(setup))[SetupItem.PublicAccess]);
        Assert.True(await setup.IsReadableByAllAsync(name, Cancel));
    }

    [Fact]
    public async Task Rights_too_wide_are_those_that_the_credential_has()
    {
        await using var setup = Open(_store);
        _store.Server.Give(GcsStore.Account, "storage.objects.create", "storage.buckets.delete");

        Assert.Equal(["storage.buckets.delete"], await setup.FindRightsTooWideAsync(Cancel));
    }

    [Fact]
    public async Task A_rule_that_deletes_what_is_live_is_seen()
    {
        await using var store = await GcsStore.StartAsync("""{"lifecycle":{"rule":[{"action":{"type":"Delete"},"condition":{"age":30}},{"action":{"type":"Delete"},"condition":{"numNewerVersions":2}}]}}""");
        await using var setup = Open(store);

        Assert.Equal("all: objects go after 30 days", (await FactsAsync(setup))[SetupItem.LifecycleReach]);
    }

    [Theory]
    [InlineData(FactState.Known, "off", "yes")]
    [InlineData(FactState.Known, "allUsers: roles/storage.objectViewer", "no")]
    [InlineData(FactState.Denied, null, null)]
    public async Task That_a_bucket_is_closed_is_learnt_where_nobody_is_let_in(FactState state, string? access, string? learnt)
    {
        await using var setup = Open(_store);

        Assert.False(setup.OptionsFrom([new TargetFact(SetupItem.Versioning, FactState.Known, SetupItem.Off)]).ContainsKey("versioning"));
        Assert.Equal("on", setup.OptionsFrom([new TargetFact(SetupItem.Versioning, FactState.Known, SetupItem.On)])["versioning"]);
        var options = setup.OptionsFrom([new TargetFact(SetupItem.UniformAccess, FactState.Known, SetupItem.On), new TargetFact(SetupItem.PublicAccess, state, access is "off" ? SetupItem.Off : access)]);

        Assert.Equal(learnt, options.GetValueOrDefault("uniformaccess"));
    }

    [Fact]
    public async Task A_rule_of_the_owner_is_neither_taken_for_ours_nor_overruled()
    {
        const string Own = """{"action":{"type":"Delete"},"condition":{"isLive":false,"daysSinceNoncurrentTime":3650,"matchesPrefix":["vault/"]}}""";
        await using var store = await GcsStore.StartAsync($$"""{ "versioning": { "enabled": true }, "lifecycle": { "rule": [{{Own}}] } }""");
        await using var setup = Open(store);

        Assert.Equal(["Lifecycle"], await ApplyAllAsync(setup, new SetupWishes()));
        Assert.Equal("vault/: old versions go after 3650 days; vault/: uploads end after 7 days", (await FactsAsync(setup))[SetupItem.Lifecycle]);
        Assert.Equal(["Lifecycle"], await ApplyAllAsync(setup, new SetupWishes { NoncurrentDays = 20 }));
        Assert.Equal("vault/: old versions go after 20 days; vault/: old versions go after 3650 days; vault/: uploads end after 7 days", (await FactsAsync(setup))[SetupItem.Lifecycle]);
        Assert.Equal(FaultCodes.SetupRefused, await RefusalAsync(setup, new SetupWishes { NoncurrentDays = 30 }));
    }

    [Fact]
    public async Task Rules_for_a_whole_bucket_of_others_take_the_word_for_what_cannot_be_taken_back()
    {
        using var credential = _store.Credential();
        await using var setup = RemoteTargets.OpenSetup(_store.Settings() with { Address = TargetUri.Parse($"gs://{GcsStore.Bucket}?endpoint={_store.Server.Address.ToString().TrimEnd('/')}") }, credential, GcsStore.Context);

        Assert.DoesNotContain("Lifecycle", await ApplyAllAsync(setup, new SetupWishes()));
        Assert.Contains("-Irreversible", Assert.Single(setup.LeftOut), StringComparison.Ordinal);
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { NoncurrentDays = 90 }));
        var change = Assert.Single(await setup.PlanAsync(new SetupWishes { AllowsIrreversible = true }, await setup.InspectAsync(Cancel), Cancel));
        Assert.Equal((SetupItem.Lifecycle, true), (change.Item, change.IsIrreversible));
        Assert.Contains("whoever put it there", change.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_locked_retention_becomes_longer_on_its_own_word_and_never_shorter()
    {
        await using var store = await GcsStore.StartLockingAsync();
        await using var setup = Open(store);
        var wishes = new SetupWishes { Lock = LockMode.Compliance, DefaultRetentionDays = 30, AllowsIrreversible = true };
        await ApplyAllAsync(setup, wishes);

        var longer = Assert.Single(await setup.PlanAsync(wishes with { DefaultRetentionDays = 60 }, await setup.InspectAsync(Cancel), Cancel));
        Assert.Equal(("30 days, locked", "60 days, locked", true), (longer.From, longer.To, longer.IsIrreversible));
        await setup.ApplyAsync(longer, Cancel);

        Assert.Equal("60 days, locked", (await FactsAsync(setup))[SetupItem.DefaultRetention]);
        Assert.Empty(await ApplyAllAsync(setup, wishes with { DefaultRetentionDays = 60, Lock = LockMode.Governance }));
        Assert.Equal(FaultCodes.SetupRefused, await RefusalAsync(setup, wishes));
    }

    [Fact]
    public async Task The_store_s_clock_is_told()
    {
        await using var setup = Open(_store);

        Assert.InRange((await setup.AskTimeAsync(Cancel))!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    private static TargetSetup Open(GcsStore store, params (string Key, string Value)[] options)
    {
        using var credential = store.Credential();
        return RemoteTargets.OpenSetup(store.Settings(options), credential, GcsStore.Context);
    }

    private static async Task<List<string>> ApplyAllAsync(TargetSetup setup, SetupWishes wishes)
    {
        var changes = await setup.PlanAsync(wishes, await setup.InspectAsync(Cancel), Cancel);
        foreach (var change in changes)
        {
            await setup.ApplyAsync(change, Cancel);
        }

        return [.. changes.Select(change => change.Item)];
    }

    private static async Task<FaultCode> RefusalAsync(TargetSetup setup, SetupWishes wishes)
    {
        var facts = await setup.InspectAsync(Cancel);
        return (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(wishes, facts, Cancel))).Code;
    }

    private static async Task<ImmutableDictionary<string, string?>> FactsAsync(TargetSetup setup) =>
        (await setup.InspectAsync(Cancel)).ToImmutableDictionary(fact => fact.Item, fact => fact.Value, StringComparer.Ordinal);
}
