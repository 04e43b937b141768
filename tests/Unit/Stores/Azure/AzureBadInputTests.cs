using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Azure;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>What people get wrong, or others for them: said by its code, with what to do, without a secret, and nothing is half made.</summary>
public sealed class AzureBadInputTests : IAsyncLifetime
{
    private static readonly ObjectName Name = new("packs/ab/abcdef-01");

    private AzureScene _scene = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _scene = await AzureScene.StartAsync();

    public ValueTask DisposeAsync() => _scene.DisposeAsync();

    [Fact]
    public async Task A_container_that_is_not_there_is_named_and_not_made()
    {
        await using var scene = await AzureScene.StartAsync(hasContainer: false);
        using var key = scene.Key();
        await using var target = scene.Open(key);

        var error = await RefusedAsync(FaultCodes.TargetPlaceMissing, () => PutAsync(target));

        Assert.Contains(scene.Container, error.Message, StringComparison.Ordinal);
        Assert.False(await scene.Azurite.Admin.GetBlobContainerClient(scene.Container).ExistsAsync(Cancel));
    }

    [Theory]
    [InlineData("rl", "c and w of a signature")]
    [InlineData("r", "c and w of a signature")]
    public async Task A_signature_that_may_not_write_says_which_right_it_lacks(string rights, string right)
    {
        using var sas = _scene.SignatureOf(rights);
        await using var target = _scene.Open(sas);

        var error = await RefusedAsync(FaultCodes.TargetAccessDenied, () => PutAsync(target));

        Assert.Contains(right, error.Remedy, StringComparison.Ordinal);
        await AssertNothingMadeAsync();
    }

    [Fact]
    public async Task A_signature_that_may_not_list_or_delete_says_so_and_puts_all_the_same()
    {
        using var sas = _scene.SignatureOf("rcw");
        await using var target = _scene.Open(sas, ("versioning", "off"));
        await PutAsync(target);

        var error = await RefusedAsync(FaultCodes.TargetAccessDenied, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
        Assert.Contains("l of a signature", error.Remedy, StringComparison.Ordinal);

        error = await RefusedAsync(FaultCodes.TargetAccessDenied, () => target.DeleteAsync(Name, Cancel));
        Assert.Contains("d and x of a signature", error.Remedy, StringComparison.Ordinal);
        Assert.NotNull(await target.StatAsync(Name, Cancel));
    }

    [Theory]
    [InlineData(PublicAccessType.Blob)]
    [InlineData(PublicAccessType.BlobContainer)]
    public async Task A_container_that_is_open_to_the_public_fails_its_check(PublicAccessType access)
    {
        await _scene.Azurite.Admin.GetBlobContainerClient(_scene.Container).SetAccessPolicyAsync(access, cancellationToken: Cancel);
        using var key = _scene.Key();
        await using var run = new ProbeRun(new TargetSettings { Address = TargetUri.Parse($"azblob://{AzuriteServer.Account}/{_scene.Container}") }, _ => _scene.Open(key), _scene.OpenSetup(key), TimeProvider.System);

        var result = await TargetChecks.All.Single(check => check.Name is "Not public").Run(run, Cancel);

        Assert.Equal((CheckOutcome.Failed, FaultCodes.TargetExposed), (result.Outcome, result.Code));
        Assert.NotNull(FaultCodes.TargetExposed.Remedy);
    }

    [Fact]
    public async Task A_lock_where_no_versions_are_kept_is_refused_before_anything_is_sent()
    {
        using var key = _scene.Key();
        await using var target = _scene.Open(key, ("versioning", "off"));

        await RefusedAsync(FaultCodes.TargetLockNotKept, () => PutAsync(target, LockMode.Compliance));

        Assert.Equal(0, target.Meter.Sample().Requests);
        await AssertNothingMadeAsync();
    }

    [Theory]
    [InlineData(LockMode.Governance)]
    [InlineData(LockMode.Compliance)]
    public async Task A_lock_that_the_server_ignores_is_found_out_and_the_object_is_taken_back(LockMode mode)
    {
        await using var target = AzureStore.Open(_scene.Azurite.Key, AzureStore.AddressOf(_scene.Azurite.Endpoint, _scene.Container, "shop", "&versioning=on"));

        var error = await RefusedAsync(FaultCodes.TargetLockNotKept, () => PutAsync(target, mode));

        Assert.Contains($"asked for {mode}", error.Message, StringComparison.Ordinal);
        await AssertNothingMadeAsync();
    }

    [Fact]
    public async Task A_full_account_says_so()
    {
        await using var server = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = 413;
            context.Response.Headers["x-ms-error-code"] = "AccountQuotaExceeded";
            context.Response.Headers["x-ms-request-id"] = "1";
            return Task.CompletedTask;
        });
        await using var target = AzureStore.Open("c2VjcmV0", AzureStore.AddressOf(new Uri(server.Address, AzuriteServer.Account), "container"));

        await RefusedAsync(FaultCodes.TargetQuotaExceeded, () => PutAsync(target));
    }

    [Fact]
    public async Task A_certificate_that_nobody_trusts_is_named()
    {
        using var key = _scene.Key();
        var settings = _scene.Settings() with { AuthorityFile = null };
        await using var target = new AzureBlobTarget(settings, AzureCredentials.From(key, settings), TimeProvider.System);

        var error = await RefusedAsync(FaultCodes.TargetUntrusted, () => PutAsync(target));

        Assert.Contains("CN=localhost", error.Message, StringComparison.Ordinal);
        await AssertNothingMadeAsync();
    }

    [Theory]
    [InlineData(403)]
    [InlineData(407)]
    public async Task A_proxy_that_refuses_is_told_from_the_store(int status)
    {
        await using var proxy = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var key = _scene.Key();
        await using var target = _scene.Open(key, ("proxy", proxy.Address.Authority));

        var error = await RefusedAsync(FaultCodes.TargetProxyRefused, () => PutAsync(target));

        Assert.Contains(proxy.Address.Authority, error.ToString(), StringComparison.Ordinal);
        await AssertNothingMadeAsync();
    }

    private static async Task PutAsync(Target target, LockMode? mode = null) => await target.PutAsync(
        Name, new MemoryStream([1]), PutOptions.Default with { Lock = mode is { } asked ? new ObjectLock(asked, DateTimeOffset.UtcNow.AddDays(1)) : null }, Cancel);

    private async Task<TargetException> RefusedAsync(FaultCode code, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<TargetException>(call);
        Assert.Equal(code, error.Code);
        Assert.NotEmpty(error.Remedy);
        Assert.DoesNotContain(_scene.Azurite.Key, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sig=", error.ToString(), StringComparison.Ordinal);
        return error;
    }

    private async Task AssertNothingMadeAsync() =>
        Assert.Empty(await _scene.Azurite.Admin.GetBlobContainerClient(_scene.Container).GetBlobsAsync(new GetBlobsOptions(), Cancel).ToListAsync(Cancel));
}
