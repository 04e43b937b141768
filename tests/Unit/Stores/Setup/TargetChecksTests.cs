using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores.Azure;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Stores.Setup;

/// <summary>Each promise of a store, tried against one that keeps it and one that only says so.</summary>
public sealed class TargetChecksTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_keeps_its_promises_passes()
    {
        await using var scene = await CheckScene.StartAsync();
        var found = await scene.RunAsync();

        Assert.Equal([], found.With(CheckOutcome.Failed).Concat(found.With(CheckOutcome.NotReached)));
        Assert.All(["Conditional create", "Wrong checksum refused", "Versioning", "Lock", "Legal hold", "Listing goes on"], check => Assert.Equal(CheckOutcome.Passed, found[check].Outcome));
        Assert.Equal(LockModes.Governance | LockModes.Compliance, found.LockModes);
        Assert.Equal(["delete objects", "delete what is locked in the mode Governance", "s3:PutBucketPolicy"], found.RightsTooWide);
        Assert.Equal("on", Assert.Single(found.Learnt, static option => option.Key is "versioning").Value);
        Assert.DoesNotContain(found.Learnt.Keys, static key => key is "conditionalput" or "serverchecksum" or "writeonce");

        // What is left is what nobody can delete yet.
        Assert.All(scene.Place.Objects.Keys, static key => Assert.EndsWith("/locked-compliance", key, StringComparison.Ordinal));
        Assert.Null(scene.Place.Policy);
    }

    [Fact]
    public async Task Locks_that_are_taken_and_forgotten_are_none()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { IgnoresLocks = true });
        var found = await scene.RunAsync();

        Assert.Equal(["Legal hold", "Lock"], found.With(CheckOutcome.Failed));
        Assert.All(["Legal hold", "Lock"], check => Assert.Equal((FaultCodes.TargetLockNotKept, FaultCodes.TargetLockNotKept.Remedy), (found[check].Code, found[check].Remedy)));
        Assert.Equal(LockModes.None, found.LockModes);
        Assert.Empty(scene.Place.Objects);
    }

    [Fact]
    public async Task Locks_that_are_noted_and_not_kept_are_none()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { OnlyNotesLocks = true });
        var found = await scene.RunAsync();

        Assert.Equal(["Legal hold", "Lock"], found.With(CheckOutcome.Failed));
        Assert.Contains("could be shortened", found["Lock"].Detail, StringComparison.Ordinal);
        Assert.Contains("could be deleted", found["Legal hold"].Detail, StringComparison.Ordinal);
        Assert.Equal(LockModes.None, found.LockModes);
    }

    [Fact]
    public async Task A_condition_that_is_passed_over_is_learnt()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { IgnoresConditions = true });
        var found = await scene.RunAsync();

        Assert.Equal((CheckOutcome.NotOffered, "no", false), (found["Conditional create"].Outcome, found.Learnt["conditionalput"], found.Capabilities.ConditionalPut));
    }

    [Fact]
    public async Task A_checksum_that_is_passed_over_is_learnt()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { IgnoresChecksums = true });
        var found = await scene.RunAsync();

        Assert.Equal((CheckOutcome.NotOffered, "no", false), (found["Wrong checksum refused"].Outcome, found.Learnt["serverchecksum"], found.Capabilities.ServerChecksum));
        Assert.DoesNotContain(scene.Place.Objects.Keys, static key => key.EndsWith("/wrong", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_versions_nothing_can_be_locked_and_that_is_said()
    {
        await using var scene = await CheckScene.StartAsync(hasLock: false);
        var found = await scene.RunAsync();

        Assert.Equal([], found.With(CheckOutcome.Failed));
        Assert.All(["Versioning", "Lock", "Legal hold"], check => Assert.Equal(CheckOutcome.NotOffered, found[check].Outcome));
        Assert.Equal(("off", LockModes.None), (found.Learnt["versioning"], found.LockModes));
        Assert.Empty(scene.Place.Objects);
    }

    [Fact]
    public async Task A_credential_that_deletes_nothing_proves_no_lock_by_that()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { OnlyNotesLocks = true });
        scene.Deny(static request => HttpMethods.IsDelete(request.Method) || request.Query.ContainsKey("delete") || (HttpMethods.IsPut(request.Method) && (request.Query.ContainsKey("policy") || request.Query.ContainsKey("retention"))));
        var found = await scene.RunAsync();

        Assert.All(["Lock", "Legal hold"], check => Assert.Equal((CheckOutcome.Passed, true), (found[check].Outcome, found[check].Detail.Contains("cannot be tried", StringComparison.Ordinal))));
        Assert.Equal((CheckOutcome.Passed, 0), (found["Rights"].Outcome, found.RightsTooWide.Count));
        Assert.Equal(CheckOutcome.NotOffered, found["Written once"].Outcome);
        Assert.DoesNotContain("writeonce", found.Learnt.Keys);
    }

    [Fact]
    public async Task Who_can_neither_delete_nor_overwrite_writes_once()
    {
        await using var scene = await CheckScene.StartAsync(hasLock: false);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        scene.Deny(request => HttpMethods.IsDelete(request.Method) || request.Query.ContainsKey("delete") || (HttpMethods.IsPut(request.Method) && !seen.Add(request.Path) && !request.Headers.ContainsKey("If-None-Match")));
        var found = await scene.RunAsync();

        Assert.Equal((CheckOutcome.Passed, "yes", true), (found["Written once"].Outcome, found.Learnt["writeonce"], found.Capabilities.EnforcesWriteOnce));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""{"Version":"2012-10-17","Statement":[]}""")]
    public async Task A_policy_that_a_careless_store_took_is_taken_back(string? before)
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { TakesAnyPolicy = true });
        scene.Place.Policy = before;
        var found = await scene.RunAsync();

        Assert.Contains("s3:PutBucketPolicy", found.RightsTooWide);
        Assert.Equal(before, scene.Place.Policy);
    }

    [Fact]
    public async Task A_policy_is_put_back_also_where_the_answer_never_came()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { TakesAnyPolicy = true });
        scene.Place.Policy = """{"Version":"2012-10-17","Statement":[]}""";
        var before = scene.Place.Policy;
        var isTaken = false;
        scene.Store.Before = async (context, next) =>
        {
            await next();
            if (!isTaken && HttpMethods.IsPut(context.Request.Method) && context.Request.Query.ContainsKey("policy"))
            {
                isTaken = true;
                context.Abort();
            }
        };
        var found = await scene.RunAsync();

        Assert.True(isTaken);
        Assert.Equal((CheckOutcome.Failed, FaultCodes.TargetUnavailable), (found["Rights"].Outcome, found["Rights"].Code));
        Assert.Equal(before, scene.Place.Policy);
    }

    [Fact]
    public async Task A_policy_that_may_not_be_read_is_not_touched()
    {
        await using var scene = await CheckScene.StartAsync(new S3DoubleOptions { TakesAnyPolicy = true });
        scene.Place.Policy = """{"Version":"2012-10-17","Statement":[]}""";
        scene.Deny(static request => HttpMethods.IsGet(request.Method) && request.Query.ContainsKey("policy"));
        var found = await scene.RunAsync();

        Assert.Equal(CheckOutcome.CannotTell, found["Rights"].Outcome);
        Assert.DoesNotContain(scene.Store.Requests, static request => request.Operation is "PutBucketPolicy" or "DeleteBucketPolicy");
    }

    [Fact]
    public async Task What_the_time_does_not_suffice_for_is_not_reached_and_nothing_stays()
    {
        await using var scene = await CheckScene.StartAsync();
        var found = await scene.RunAsync(TimeSpan.Zero);

        Assert.All(found.Results.Values, static result => Assert.Equal(CheckOutcome.NotReached, result.Outcome));
        Assert.Empty(scene.Place.Objects);
    }

    [Fact]
    public async Task What_a_test_held_that_was_killed_is_released_by_the_next_one()
    {
        await using var scene = await CheckScene.StartAsync();
        var old = new S3Stored("x/probe/0123456789abcdef/held", "v1", [1], DateTimeOffset.UtcNow.AddHours(-3)) { IsHeld = true, ETag = "e" };
        scene.Place.Objects[old.Key] = [old];
        await scene.RunAsync();

        Assert.DoesNotContain(old.Key, scene.Place.Objects.Keys);
    }

    [Fact]
    public async Task Google_keeps_its_promises_too()
    {
        await using var store = await GcsStore.StartLockingAsync();
        var results = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        using var credential = store.Credential();
        await using var run = new ProbeRun(
            store.Settings(), changed => RemoteTargets.Open(changed, credential, GcsStore.Context), RemoteTargets.OpenSetup(store.Settings(), credential, GcsStore.Context), TimeProvider.System);
        await TargetChecks.RunAsync(run, TargetChecks.All, TimeSpan.FromMinutes(2), (check, result, _) => results.Add(check.Name, result), Cancel);

        Assert.Empty(results.Where(static result => result.Value.Outcome is CheckOutcome.Failed or CheckOutcome.NotReached).Select(static result => $"{result.Key}: {result.Value.Detail}"));
        Assert.All(["Conditional create", "Wrong checksum refused", "Versioning", "Lock", "Legal hold"], check => Assert.Equal(CheckOutcome.Passed, results[check].Outcome));
        Assert.Equal(LockModes.Governance | LockModes.Compliance, run.LockModes);
        Assert.Equal(("on", "yes", "yes"), (run.Learnt["versioning"], run.Learnt["objectretention"], run.Learnt["uniformaccess"]));
    }

    [Fact]
    public async Task A_lock_that_refuses_a_delete_is_no_missing_right()
    {
        await using var store = await GcsStore.StartAsync("""{"retentionPolicy":{"retentionPeriod":"86400"}}""");
        var results = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        using var credential = store.Credential();
        var settings = store.Settings(("writeonce", "yes"));
        await using var run = new ProbeRun(settings, changed => RemoteTargets.Open(changed, credential, GcsStore.Context), RemoteTargets.OpenSetup(settings, credential, GcsStore.Context), TimeProvider.System);
        await TargetChecks.RunAsync(run, TargetChecks.All, TimeSpan.FromMinutes(2), (check, result, _) => results.Add(check.Name, result), Cancel);

        Assert.Equal((CheckOutcome.CannotTell, CheckOutcome.CannotTell), (results["Delete"].Outcome, results["Written once"].Outcome));
        Assert.Equal(("no", false), (run.Learnt["writeonce"], run.Target.Capabilities.EnforcesWriteOnce));
        Assert.Contains("could not be tried", results["Rights"].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_of_servers_pass_without_locks()
    {
        var ssh = await TestServers.SshAsync();
        await AssertFolderPassesAsync(ssh.AddressOf(ssh.CreateFolder()), TargetCredential.OfIdentity("auto"));
        var dav = await TestServers.RcloneDavAsync();
        await AssertFolderPassesAsync($"{dav.DavAddress}/{dav.CreateFolder()}", TargetCredential.Of(dav.User, dav.Password, "of the test"));
    }

    [Fact]
    public async Task A_container_passes_and_locks_that_its_server_passes_over_do_not()
    {
        var azurite = await TestServers.AzuriteAsync();
        using var credential = TargetCredential.Of(AzuriteServer.Account, azurite.Key, "of the test");
        var settings = new TargetSettings { Address = TargetUri.Parse(AzureStore.AddressOf(azurite.Endpoint, await azurite.CreateContainerAsync())) };
        var results = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        await using var run = new ProbeRun(
            settings, changed => RemoteTargets.Open(changed, credential, GcsStore.Context), RemoteTargets.OpenSetup(settings, credential, GcsStore.Context), TimeProvider.System);
        await TargetChecks.RunAsync(run, TargetChecks.All, TimeSpan.FromMinutes(2), (check, result, _) => results.Add(check.Name, result), Cancel);

        Assert.Empty(results.Where(static result => result.Value.Outcome is CheckOutcome.Failed or CheckOutcome.NotReached).Select(static result => $"{result.Key}: {result.Value.Detail}"));
        Assert.All(["Conditional create", "Wrong checksum refused"], check => Assert.Equal((check, CheckOutcome.Passed), (check, results[check].Outcome)));
        Assert.Equal(LockModes.None, run.LockModes);
    }

    private static async Task AssertFolderPassesAsync(string address, TargetCredential credential)
    {
        using (credential)
        {
            var settings = new TargetSettings { Address = TargetUri.Parse(address) };
            var results = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
            await using var run = new ProbeRun(
                settings, changed => RemoteTargets.Open(changed, credential, GcsStore.Context), RemoteTargets.OpenSetup(settings, credential, GcsStore.Context), TimeProvider.System);
            await TargetChecks.RunAsync(run, TargetChecks.All, TimeSpan.FromMinutes(2), (check, result, _) => results.Add(check.Name, result), Cancel);

            Assert.Empty(results.Where(static result => result.Value.Outcome is CheckOutcome.Failed or CheckOutcome.NotReached).Select(static result => $"{result.Key}: {result.Value.Detail}"));
            Assert.All(["Versioning", "Lock", "Legal hold", "Wrong checksum refused"], check => Assert.Equal(CheckOutcome.NotOffered, results[check].Outcome));
            Assert.Equal((LockModes.None, true), (run.LockModes, run.RightsTooWide.Count > 0));
        }
    }
}
