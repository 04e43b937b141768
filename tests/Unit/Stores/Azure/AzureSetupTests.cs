using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Azure;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

public sealed class AzureSetupTests : IAsyncLifetime
{
    private AzureScene _scene = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _scene = await AzureScene.StartAsync(isVersioned: true);

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task An_account_is_closed_versioned_and_tidied_and_then_nothing_is_left_to_do()
    {
        await using var setup = _scene.OpenSetup();
        _scene.Arm.Policy = JsonNode.Parse("""{"properties":{"policy":{"rules":[{"enabled":true,"name":"others","type":"Lifecycle","definition":{"filters":{"blobTypes":["blockBlob"],"prefixMatch":["other/"]},"actions":{"baseBlob":{"delete":{"daysAfterModificationGreaterThan":3650}}}}}]}}}""")!.AsObject();
        await _scene.Azurite.Admin.GetBlobContainerClient(_scene.Container).SetAccessPolicyAsync(PublicAccessType.Blob, cancellationToken: Cancel);
        var wishes = new SetupWishes { ArchiveAfterDays = 30 };

        Assert.Equal(["PublicAccessBlock", "TransportPolicy", "Versioning", "SoftDelete", "PublicAccess", "Lifecycle"], await ApplyAllAsync(setup, wishes));

        var facts = await FactsAsync(setup);
        Assert.Equal(
            (SetupItem.On, SetupItem.On, SetupItem.On, "objects 7 days, containers 90 days", SetupItem.Off, "westeurope", "Standard_ZRS"),
            (facts[SetupItem.PublicAccessBlock], facts[SetupItem.TransportPolicy], facts[SetupItem.Versioning], facts[SetupItem.SoftDelete], facts[SetupItem.PublicAccess], facts[SetupItem.Region], facts[SetupItem.Replication]));
        var place = $"{_scene.Container}/shop/";
        Assert.Equal(
            new[]
            {
                "other/: objects go 3650 days after they were changed", $"{place}: old versions go 90 days after they were made", $"{place}packs/: objects to Archive 7 days after they were moved 30 days after they were changed",
            }.Order(StringComparer.Ordinal),
            facts[SetupItem.Lifecycle]!.Split("; "));
        Assert.Equal(SetupItem.Off, facts[SetupItem.LifecycleReach]);
        Assert.Empty(await ApplyAllAsync(setup, wishes));
        Assert.Equal(["Lifecycle"], await ApplyAllAsync(setup, wishes with { ArchiveClass = "cool", NoncurrentDays = 10 }));
        Assert.Empty(await ApplyAllAsync(setup, new SetupWishes()));
        Assert.Contains($"{place}packs/: objects to Cool 30 days after they were changed", (await FactsAsync(setup))[SetupItem.Lifecycle]!.Split("; "));
        Assert.Contains("other/: objects go 3650 days after they were changed", (await FactsAsync(setup))[SetupItem.Lifecycle]!.Split("; "));
    }

    [Fact]
    public async Task Planning_changes_nothing()
    {
        await using var setup = _scene.OpenSetup();

        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);

        Assert.Equal(["PublicAccessBlock", "TransportPolicy", "Versioning", "SoftDelete", "Lifecycle"], changes.Select(change => change.Item));
        Assert.All(changes, change => Assert.False(change.IsIrreversible));
        Assert.All(_scene.Arm.Requests, request => Assert.StartsWith("GET", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_missing_container_is_made_closed_and_with_locks_of_the_versions_that_its_account_then_keeps()
    {
        await using var scene = await AzureScene.StartAsync(isVersioned: true, hasContainer: false);
        await using var setup = scene.OpenSetup();
        Assert.Equal([new TargetFact(SetupItem.Place, FactState.Known, null)], await setup.InspectAsync(Cancel));
        var wishes = new SetupWishes { Lock = LockMode.Governance };

        Assert.Equal(["Place", "PublicAccessBlock", "TransportPolicy", "SoftDelete", "Lifecycle"], await ApplyAllAsync(setup, wishes));

        var facts = await FactsAsync(setup);
        Assert.Equal((scene.Container, SetupItem.On, SetupItem.On, SetupItem.Off, null), (facts[SetupItem.Place], facts[SetupItem.Versioning], facts[SetupItem.ObjectLock], facts[SetupItem.PublicAccess], facts[SetupItem.DefaultRetention]));
        Assert.Empty(await ApplyAllAsync(setup, wishes));
        using var secret = scene.Secret();
        await using var target = scene.Open(secret, ("versioning", "on"), ("tenant", Servers.Doubles.Azure.EntraDouble.Tenant));
        var receipt = await target.PutAsync(new ObjectName("a"), new MemoryStream([1]), PutOptions.Default with { Lock = new ObjectLock(LockMode.Governance, DateTimeOffset.UtcNow.AddMinutes(1)) }, Cancel);
        Assert.NotNull(receipt.Lock?.Lock);
    }

    [Fact]
    public async Task An_account_key_makes_a_closed_container_and_says_of_the_rest_who_can_do_it()
    {
        await using var scene = await AzureScene.StartAsync(hasContainer: false);
        using var key = scene.Key();
        await using var setup = scene.OpenSetup(key);

        Assert.Equal(["Place"], await ApplyAllAsync(setup, new SetupWishes()));

        var facts = await setup.InspectAsync(Cancel);
        var denied = facts.Where(fact => fact.State == FactState.Denied).ToDictionary(fact => fact.Item, fact => fact.Value, StringComparer.Ordinal);
        Assert.Equal($"az storage account update --name {AzuriteServer.Account} --allow-blob-public-access false", denied[SetupItem.PublicAccessBlock]);
        Assert.Equal($"az storage account blob-service-properties update --account-name {AzuriteServer.Account} --enable-versioning true", denied[SetupItem.Versioning]);
        Assert.Superset(
            new HashSet<string>([SetupItem.Region, SetupItem.TransportPolicy, SetupItem.Lifecycle, SetupItem.LifecycleReach, SetupItem.SoftDelete], StringComparer.Ordinal), denied.Keys.ToHashSet(StringComparer.Ordinal));
        Assert.Equal((SetupItem.Off, SetupItem.Off), (ValueOf(facts, SetupItem.PublicAccess), ValueOf(facts, SetupItem.ObjectLock)));
        Assert.Empty(scene.Arm.Requests);
        Assert.Equal(FaultCodes.SetupRefused, await RefusalAsync(setup, new SetupWishes { ArchiveAfterDays = 1 }));
    }

    [Fact]
    public async Task An_account_key_closes_an_open_container_and_leaves_its_policies()
    {
        using var key = _scene.Key();
        await using var setup = _scene.OpenSetup(key);
        var container = _scene.Azurite.Admin.GetBlobContainerClient(_scene.Container);
        var policy = new BlobSignedIdentifier { Id = "readers", AccessPolicy = new BlobAccessPolicy { Permissions = "r", PolicyStartsOn = DateTimeOffset.UtcNow, PolicyExpiresOn = DateTimeOffset.UtcNow.AddDays(1) } };
        await container.SetAccessPolicyAsync(PublicAccessType.BlobContainer, [policy], cancellationToken: Cancel);
        Assert.Equal("everybody may list and read its objects", ValueOf(await setup.InspectAsync(Cancel), SetupItem.PublicAccess));

        Assert.Equal(["PublicAccess"], await ApplyAllAsync(setup, new SetupWishes()));

        Assert.Equal("readers", Assert.Single((await container.GetAccessPolicyAsync(cancellationToken: Cancel)).Value.SignedIdentifiers).Id);
    }

    [Fact]
    public async Task A_signature_of_one_container_is_told_what_it_cannot_see()
    {
        using var sas = _scene.SignatureOf("racwl");
        await using var setup = _scene.OpenSetup(sas);

        var facts = await setup.InspectAsync(Cancel);

        Assert.Equal(FactState.Denied, facts.Single(fact => fact.Item is SetupItem.PublicAccess).State);
        Assert.Equal(TargetFault.LockNotKept, (await Assert.ThrowsAsync<TargetException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance }, facts, Cancel))).Fault);
    }

    [Fact]
    public async Task A_default_retention_is_set_lengthened_and_locked_only_on_its_own_word()
    {
        await using var scene = await AzureScene.StartAsync(isVersioned: true, hasContainer: false);
        await using var setup = scene.OpenSetup();
        var wishes = new SetupWishes { Lock = LockMode.Compliance, DefaultRetentionDays = 30 };
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, wishes));

        await ApplyAllAsync(setup, wishes with { Lock = LockMode.Governance, DefaultRetentionDays = 20 });
        Assert.Equal("20 days", (await FactsAsync(setup))[SetupItem.DefaultRetention]);

        var planned = await setup.PlanAsync(wishes with { AllowsIrreversible = true }, await setup.InspectAsync(Cancel), Cancel);
        Assert.Equal([false, true], planned.Select(change => change.IsIrreversible));
        await ApplyAllAsync(setup, wishes with { AllowsIrreversible = true });
        Assert.Equal("30 days, locked", (await FactsAsync(setup))[SetupItem.DefaultRetention]);

        Assert.Empty(await ApplyAllAsync(setup, wishes with { DefaultRetentionDays = 10, AllowsIrreversible = true }));
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, wishes with { Lock = LockMode.Governance, DefaultRetentionDays = 40 }));
        Assert.Equal(["DefaultRetention"], await ApplyAllAsync(setup, wishes with { DefaultRetentionDays = 40, AllowsIrreversible = true }));
        Assert.Equal("40 days, locked", (await FactsAsync(setup))[SetupItem.DefaultRetention]);
    }

    [Fact]
    public async Task A_container_that_was_made_without_locks_does_not_get_them_here()
    {
        await using var scene = await AzureScene.StartAsync();
        await using var setup = scene.OpenSetup();

        Assert.Equal(FaultCodes.SetupRefused, await RefusalAsync(setup, new SetupWishes { Lock = LockMode.Governance }));
    }

    [Fact]
    public async Task A_hierarchical_account_keeps_no_versions_and_so_no_locks()
    {
        _scene.Arm.Account["properties"]!["isHnsEnabled"] = true;
        await using var setup = _scene.OpenSetup();

        var facts = await setup.InspectAsync(Cancel);

        Assert.Equal(SetupItem.Off, ValueOf(facts, SetupItem.Versioning));
        Assert.DoesNotContain((await setup.PlanAsync(new SetupWishes(), facts, Cancel)).Select(change => change.Item), item => item is SetupItem.Versioning);
        Assert.Equal(TargetFault.LockNotKept, (await Assert.ThrowsAsync<TargetException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance }, facts, Cancel))).Fault);
    }

    /// <summary>Where the owner turned versions off, old ones lie there all the same.</summary>
    [Theory]
    [InlineData(false, false, null)]
    [InlineData(true, false, "on")]
    [InlineData(false, true, "off")]
    public async Task That_there_are_no_versions_is_not_learnt_from_a_switch(bool isOn, bool isHierarchical, string? learnt)
    {
        _scene.Arm.Account["properties"]!["isHnsEnabled"] = isHierarchical;
        _scene.Arm.Service["properties"]!["isVersioningEnabled"] = isOn;
        await using var setup = _scene.OpenSetup();

        Assert.Equal(learnt, setup.OptionsFrom(await setup.InspectAsync(Cancel)).GetValueOrDefault("versioning"));
    }

    [Fact]
    public async Task A_container_that_was_made_here_has_no_versions_where_its_account_keeps_none()
    {
        await using var scene = await AzureScene.StartAsync(hasContainer: false);
        await using var setup = scene.OpenSetup();

        await ApplyAllAsync(setup, new SetupWishes { KeepsVersions = false });

        Assert.Equal("off", setup.OptionsFrom(await setup.InspectAsync(Cancel)).GetValueOrDefault("versioning"));
    }

    [Fact]
    public async Task A_version_that_a_put_is_given_is_deleted_though_there_were_none()
    {
        using var key = _scene.Key();
        await using var target = _scene.Open(key, ("versioning", "off"));
        await using var looking = _scene.Open(key, ("versioning", "on"));
        var name = new ObjectName("packs/ab/one");
        await target.PutAsync(name, new MemoryStream([1]), PutOptions.Default, Cancel);
        await target.PutAsync(name, new MemoryStream([2]), PutOptions.Default with { IfAbsent = false }, Cancel);

        await target.DeleteAsync(name, Cancel);

        Assert.Empty(await looking.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Wishes_without_sense_are_refused()
    {
        await using var setup = _scene.OpenSetup();

        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { DefaultRetentionDays = 1 }));
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { ArchiveClass = "Archive" }));
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { ArchiveClass = "GLACIER", ArchiveAfterDays = 1 }));
        Assert.Equal(FaultCodes.TargetOptionInvalid, await RefusalAsync(setup, new SetupWishes { KmsKey = "key" }));
        var facts = await setup.InspectAsync(Cancel);
        Assert.Equal(TargetFault.LockNotKept, (await Assert.ThrowsAsync<TargetException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance, KeepsVersions = false }, facts, Cancel))).Fault);
    }

    [Fact]
    public async Task An_account_that_is_not_in_the_group_is_said()
    {
        await using var setup = _scene.OpenSetup(null, ("resourcegroup", "another"));

        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.InspectAsync(Cancel))).Code);
    }

    [Fact]
    public async Task A_change_that_the_platform_forgets_is_found_out()
    {
        await using var setup = _scene.OpenSetup();
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        _scene.Arm.Forgets = true;

        foreach (var change in changes)
        {
            Assert.Equal(FaultCodes.SetupRefused, (await Assert.ThrowsAsync<RequestException>(() => setup.ApplyAsync(change, Cancel))).Code);
        }
    }

    /// <summary>What is left out of a change is turned off, or gone: the soft delete of the account, and the rules of others.</summary>
    [Theory]
    [InlineData(403, "AuthorizationFailed")]
    [InlineData(404, "ResourceNotFound")]
    [InlineData(200, null)]
    [InlineData(200, "")]
    public async Task Nothing_is_added_to_what_cannot_be_read_any_more(int status, string? code)
    {
        await using var setup = _scene.OpenSetup();
        _scene.Arm.Policy = JsonNode.Parse("""{"properties":{"policy":{"rules":[{"name":"others","type":"Lifecycle","definition":{"filters":{"blobTypes":["blockBlob"]},"actions":{"version":{"delete":{"daysAfterCreationGreaterThan":9}}}}}]}}}""")!.AsObject();
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        _scene.Arm.Instead = request => request is "GET /blobServices/default" or "GET /managementPolicies/default"
            ? (status, code is null ? null : code.Length == 0 ? [] : new JsonObject { ["error"] = new JsonObject { ["code"] = code } })
            : null;

        foreach (var change in changes.Where(static change => change.Item is SetupItem.Versioning or SetupItem.SoftDelete or SetupItem.Lifecycle))
        {
            var error = await Assert.ThrowsAnyAsync<BackupException>(() => setup.ApplyAsync(change, Cancel));
            Assert.True(error.Code == FaultCodes.SetupRefused || (status == 200 && error.Code == FaultCodes.TargetUnavailable), error.Message);
        }

        Assert.DoesNotContain(_scene.Arm.Requests, static request => request.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_container_with_locks_is_not_begun_where_the_settings_of_its_account_cannot_be_read()
    {
        await using var scene = await AzureScene.StartAsync(isVersioned: true, hasContainer: false);
        await using var setup = scene.OpenSetup();
        var changes = await setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance }, await setup.InspectAsync(Cancel), Cancel);
        scene.Arm.Denies = static request => request is "GET /blobServices/default";

        Assert.Equal(FaultCodes.SetupRefused, (await Assert.ThrowsAsync<RequestException>(() => setup.ApplyAsync(changes[0], Cancel))).Code);

        Assert.DoesNotContain(scene.Arm.Requests, static request => request.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_may_not_be_asked_is_denied_and_what_may_not_be_changed_names_the_right()
    {
        await using var setup = _scene.OpenSetup();
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        _scene.Arm.Denies = request => !request.StartsWith("GET", StringComparison.Ordinal);

        var error = await Assert.ThrowsAsync<TargetException>(() => setup.ApplyAsync(changes[0], Cancel));
        Assert.Equal(TargetFault.AccessDenied, error.Fault);
        Assert.Contains("Microsoft.Storage/storageAccounts/write", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_scene.Entra.Secret, error.ToString(), StringComparison.Ordinal);

        _scene.Arm.Denies = static _ => true;
        var facts = await setup.InspectAsync(Cancel);
        Assert.Equal(FactState.Denied, facts.Single(fact => fact.Item is SetupItem.Lifecycle).State);
        Assert.Equal(FactState.Known, facts.Single(fact => fact.Item is SetupItem.PublicAccess).State);
    }

    [Fact]
    public async Task Rights_too_wide_are_those_that_the_credential_has()
    {
        _scene.Arm.Permissions.Add(JsonNode.Parse("""{"actions":["Microsoft.Storage/storageAccounts/blobServices/*"],"notActions":["Microsoft.Storage/storageAccounts/blobServices/containers/*"],"dataActions":["Microsoft.Storage/*/blobs/delete"],"notDataActions":[]}"""));
        await using var setup = _scene.OpenSetup();
        using var sas = _scene.SignatureOf("rwdl");
        await using var signed = _scene.OpenSetup(sas);
        using var key = _scene.Key();
        await using var keyed = _scene.OpenSetup(key);

        Assert.Equal(
            ["Microsoft.Storage/storageAccounts/blobServices/write", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete"], await setup.FindRightsTooWideAsync(Cancel));
        Assert.Equal(["delete (d)"], await signed.FindRightsTooWideAsync(Cancel));
        Assert.Single(await keyed.FindRightsTooWideAsync(Cancel));
    }

    [Fact]
    public async Task Rights_that_nobody_can_be_asked_for_are_not_said_to_be_none()
    {
        using var secret = _scene.Secret();
        var settings = _scene.Settings(("tenant", Servers.Doubles.Azure.EntraDouble.Tenant));
        await using var setup = new AzureSetup(settings, AzureCredentials.From(secret, settings), TimeProvider.System);

        Assert.Equal(TargetFault.Unsupported, (await Assert.ThrowsAsync<TargetException>(() => setup.FindRightsTooWideAsync(Cancel))).Fault);
    }

    [Fact]
    public async Task A_rule_that_archives_what_must_stay_at_hand_is_seen()
    {
        _scene.Arm.Policy = JsonNode.Parse("""{"properties":{"policy":{"rules":[{"name":"all","type":"Lifecycle","definition":{"filters":{"blobTypes":["blockBlob"]},"actions":{"baseBlob":{"tierToArchive":{"daysAfterModificationGreaterThan":5}}}}}]}}}""")!.AsObject();
        await using var setup = _scene.OpenSetup();

        Assert.Equal("all: objects to Archive 5 days after they were changed", (await FactsAsync(setup))[SetupItem.LifecycleReach]);
    }

    [Fact]
    public async Task Who_is_let_in_is_asked_without_a_credential_and_the_clock_is_told()
    {
        await using var setup = _scene.OpenSetup();
        var container = _scene.Azurite.Admin.GetBlobContainerClient(_scene.Container);
        await container.UploadBlobAsync("shop/probe/one", new BinaryData("1"), Cancel);
        Assert.False(await setup.IsReadableByAllAsync(new ObjectName("probe/one"), Cancel));

        await container.SetAccessPolicyAsync(PublicAccessType.Blob, cancellationToken: Cancel);

        Assert.True(await setup.IsReadableByAllAsync(new ObjectName("probe/one"), Cancel));
        Assert.InRange((await setup.AskTimeAsync(Cancel))!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    private static string? ValueOf(IReadOnlyList<TargetFact> facts, string item) => facts.Single(fact => string.Equals(fact.Item, item, StringComparison.Ordinal)).Value;

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
