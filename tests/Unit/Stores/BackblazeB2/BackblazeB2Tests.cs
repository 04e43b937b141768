using System.Security.Cryptography;
using System.Xml.Linq;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.BackblazeB2;

/// <summary>What Backblaze B2 alone wants and says.</summary>
public sealed class BackblazeB2Tests
{
    private const string Address = "b2://bucket/x?region=us-west-004&conditionalput=yes&pathstyle=yes";
    private static readonly ObjectName Name = new("packs/one");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The store as it is: any header of S3's newer checksums is refused.</summary>
    [Fact]
    public async Task No_request_has_a_checksum_that_it_refuses_and_each_body_has_one_that_it_takes()
    {
        await using var store = await ScriptedStore.StartAsync(Answer);
        await using var target = store.Open(Address);
        byte[] content = [1, 2, 3];

        await target.PutAsync(Name, new MemoryStream(content), PutOptions.Default, Cancel);
        await target.DeleteManyAsync([Name, new ObjectName("packs/two")], Cancel);

        var put = Assert.Single(store.Seen, static request => request.Method is "PUT");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), put.Headers["x-amz-content-sha256"]);
        Assert.All(store.Seen.Where(static request => request.Body.Length > 0), static request =>
            Assert.Equal(Convert.ToBase64String(CryptographicOperations.HashData(HashAlgorithmName.MD5, request.Body)), request.Headers["Content-MD5"]));
        Assert.Contains(store.Seen, static request => request.Method is "POST" && request.Query.Contains("delete", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("AccessDenied", "Cannot upload files, storage cap exceeded. See the Caps &amp; Alerts page to increase your cap.", TargetFault.QuotaExceeded)]
    [InlineData("AccessDenied", "Cannot download file, download bandwidth or transaction (Class B) cap exceeded. See the Caps &amp; Alerts page.", TargetFault.QuotaExceeded)]
    [InlineData("storage_cap_exceeded", "", TargetFault.QuotaExceeded)]
    [InlineData("AccessDenied", "not entitled", TargetFault.AccessDenied)]
    [InlineData("InvalidAccessKeyId", "Malformed Access Key Id", TargetFault.KeyRejected)]
    public async Task A_cap_of_the_account_is_not_a_right_that_is_missing(string code, string message, TargetFault fault)
    {
        await using var store = await ScriptedStore.StartAsync(_ => new ScriptedAnswer(403, code, message));
        await using var target = store.Open(Address);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal(fault, error.Fault);
    }

    [Fact]
    public async Task A_refused_key_is_most_often_the_master_key_and_the_remedy_says_so()
    {
        await using var store = await ScriptedStore.StartAsync(static _ => new ScriptedAnswer(403, "InvalidAccessKeyId"));
        await using var target = store.Open(Address);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Contains("application key", error.Remedy, StringComparison.Ordinal);
    }

    private static ScriptedAnswer Answer(SeenRequest request)
    {
        if (request.Headers.Keys.FirstOrDefault(static name => name.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase) || name.Equals("x-amz-sdk-checksum-algorithm", StringComparison.OrdinalIgnoreCase)) is { } refused)
        {
            return new ScriptedAnswer(400, "InvalidArgument", $"Unsupported header '{refused}' received for this API call.");
        }

        return (request.Method, request.Query.Contains("versions", StringComparison.Ordinal)) switch
        {
            ("POST", _) => new ScriptedAnswer(200, Body: Deleted(request)),
            ("GET", true) => new ScriptedAnswer(200, Body: Versions(request)),
            _ => new ScriptedAnswer(200),
        };
    }

    /// <summary>Each key that was named, and its version.</summary>
    private static string Deleted(SeenRequest request)
    {
        using var body = new MemoryStream(request.Body);
        var asked = XDocument.Load(body).Root!.Elements().Where(static element => element.Name.LocalName is "Object");
        return new XElement("DeleteResult", asked.Select(static element => new XElement("Deleted", element.Elements().Select(static child => new XElement(child.Name.LocalName, child.Value))))).ToString();
    }

    /// <summary>One version of whatever is asked for.</summary>
    private static string Versions(SeenRequest request)
    {
        var key = Uri.UnescapeDataString(request.Query.Split('&', '?').First(static pair => pair.StartsWith("prefix=", StringComparison.Ordinal))[7..]);
        return $"""
            <ListVersionsResult><Name>bucket</Name><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType><Version><Key>{key}</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest>
            <LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"0123"</ETag><Size>3</Size><StorageClass>STANDARD</StorageClass></Version></ListVersionsResult>
            """;
    }
}
