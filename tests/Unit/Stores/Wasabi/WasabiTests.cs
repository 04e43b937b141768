using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.Wasabi;

/// <summary>What Wasabi alone wants and says.</summary>
public sealed class WasabiTests
{
    private const string Address = "wasabi://bucket/x?region=eu-central-2";
    private static readonly ObjectName Name = new("packs/one");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_put_is_proved_by_its_signature_and_MD5_and_asks_for_encryption()
    {
        await using var store = await ScriptedStore.StartAsync(static request => request.Method is "HEAD" ? new ScriptedAnswer(404) : Listing(request));
        await using var target = store.Open(Address);
        byte[] content = [1, 2, 3];

        await target.PutAsync(Name, new MemoryStream(content), PutOptions.Default, Cancel);

        var put = Assert.Single(store.Seen, static request => request.Method is "PUT");
        Assert.Equal("/bucket/x/packs/one", put.Path);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), put.Headers["x-amz-content-sha256"]);
        Assert.Equal(Convert.ToBase64String(CryptographicOperations.HashData(HashAlgorithmName.MD5, content)), put.Headers["Content-MD5"]);
        Assert.Equal("AES256", put.Headers["x-amz-server-side-encryption"]);
        Assert.Contains("/eu-central-2/s3/aws4_request", put.Headers["Authorization"], StringComparison.Ordinal);
        Assert.DoesNotContain(put.Headers.Keys, static name => name.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase)
            || name.Equals("x-amz-trailer", StringComparison.OrdinalIgnoreCase) || name.Equals("x-amz-sdk-checksum-algorithm", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The condition is sent only where a test of the place saw it kept.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("&conditionalput=no", false)]
    [InlineData("&conditionalput=yes", true)]
    public async Task The_condition_that_a_name_is_free_is_taken_only_where_it_was_tried(string option, bool isTaken)
    {
        await using var store = await ScriptedStore.StartAsync(static request => request.Method is "HEAD" ? new ScriptedAnswer(404) : Listing(request));
        await using var target = store.Open(Address + option);

        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

        Assert.Equal(isTaken, target.Capabilities.ConditionalPut);
        Assert.Equal(isTaken, Assert.Single(store.Seen, static request => request.Method is "PUT").Headers.ContainsKey("If-None-Match"));
        Assert.Equal(!isTaken, store.Seen.Any(static request => request.Method is "HEAD"));
    }

    [Theory]
    [InlineData(403, "RequestRateLimitExceeded", TargetFault.Throttled)]
    [InlineData(503, "Unavailable", TargetFault.Throttled)]
    [InlineData(403, "AuthenticationLockout", TargetFault.KeyRejected)]
    [InlineData(403, "AccountNotActivated", TargetFault.AccessDenied)]
    [InlineData(403, "AccountProblem", TargetFault.AccessDenied)]
    [InlineData(410, "DisconnectError", TargetFault.Unavailable)]
    [InlineData(501, "NotImplemented", TargetFault.Unsupported)]
    public async Task What_it_refuses_is_known_by_its_code_and_not_by_its_status_alone(int status, string code, TargetFault fault)
    {
        await using var store = await ScriptedStore.StartAsync(_ => new ScriptedAnswer(status, code, "Your account exceeded the limit for PUT requests"));
        await using var target = store.Open($"{Address}&conditionalput=yes");

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal(fault, error.Fault);
        Assert.Contains(code, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Your account", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_are_locked_out_are_not_tried_again_and_the_remedy_says_for_how_long()
    {
        await using var store = await ScriptedStore.StartAsync(static _ => new ScriptedAnswer(403, "AuthenticationLockout"));
        await using var target = new RetryTarget(store.Open($"{Address}&conditionalput=yes"), RetryOptions.Default);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Contains("five minutes", error.Remedy, StringComparison.Ordinal);
        Assert.Single(store.Seen);
    }

    [Fact]
    public async Task Encryption_that_the_answer_does_not_name_is_none()
    {
        await using var store = await ScriptedStore.StartAsync(static _ => new ScriptedAnswer(200) { NamesEncryption = false });
        await using var target = store.Open($"{Address}&conditionalput=yes");

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal(TargetFault.Unsupported, error.Fault);
    }

    [Fact]
    public async Task Packs_are_paid_for_90_days()
    {
        await using var store = await ScriptedStore.StartAsync(static _ => new ScriptedAnswer(200));
        await using var target = store.Open(Address);

        Assert.Equal(TimeSpan.FromDays(90), target.Capabilities.MinStorageTime);
        Assert.Equal("eu-central-2", target.Capabilities.Region);
    }

    private static ScriptedAnswer Listing(SeenRequest request) => request.Method is "GET"
        ? new ScriptedAnswer(200, Body: "<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated></ListBucketResult>")
        : new ScriptedAnswer(200);
}
