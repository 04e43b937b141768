using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>What a store says of many deletes at once.</summary>
public sealed class S3DeleteTests
{
    private const string Address = "s3://bucket/vault?region=eu-central-1";
    private const string First = "<Key>vault/a</Key><VersionId>1</VersionId>";
    private const string Second = "<Key>vault/a</Key><VersionId>2</VersionId>";
    private const string Retained = "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>";

    private static readonly ObjectName Name = new("a");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("AccessDenied", "InternalError", TargetFault.Unavailable)]
    [InlineData("InternalError", "AccessDenied", TargetFault.Unavailable)]
    [InlineData("AccessDenied", "SlowDown", TargetFault.Throttled)]
    [InlineData("NoSuchVersion", "AccessDenied", TargetFault.Locked)]
    public async Task Of_several_errors_the_one_that_passes_counts(string one, string other, TargetFault expected)
    {
        await using var store = await StartAsync($"<DeleteResult><Error>{First}<Code>{one}</Code></Error><Error>{Second}<Code>{other}</Code></Error></DeleteResult>");
        await using var target = store.Open($"{Address}&versioning=on");

        var error = await Assert.ThrowsAsync<TargetException>(() => target.DeleteAsync(Name, Cancel));

        Assert.Equal(expected, error.Fault);
    }

    [Fact]
    public async Task An_error_that_passes_counts_before_a_lock_in_the_next_thousand()
    {
        var deletes = 0;
        await using var store = await ScriptedStore.StartAsync(request => new ScriptedAnswer(200, Body: DeleteAnswer(request.Body, deletes++ == 0 ? "InternalError" : "AccessDenied")));
        await using var target = store.Open($"{Address}&versioning=off");

        var error = await Assert.ThrowsAsync<TargetException>(() => target.DeleteManyAsync([.. Enumerable.Range(0, 1001).Select(static index => new ObjectName($"n{index}"))], Cancel));

        Assert.Equal((TargetFault.Unavailable, 2), (error.Fault, deletes));
    }

    [Theory]
    [InlineData("<DeleteResult></DeleteResult>")]
    [InlineData("<html>all is well</html>")]
    [InlineData("<DeleteResult><Deleted><Key>vault/a</Key></Deleted></DeleteResult>")]
    [InlineData("<DeleteResult><Deleted><Key>vault/a</Key></Deleted><Deleted><Key>vault/b</Key></Deleted></DeleteResult>")]
    public async Task What_is_not_answered_for_is_not_deleted(string answer)
    {
        await using var store = await StartAsync(answer);
        await using var target = store.Open($"{Address}&versioning=on");

        var error = await Assert.ThrowsAsync<TargetException>(() => target.DeleteAsync(Name, Cancel));

        Assert.Equal(TargetFault.Unavailable, error.Fault);
    }

    [Theory]
    [InlineData($"<DeleteResult><Deleted>{First}</Deleted><Error>{Second}<Code>NoSuchVersion</Code></Error></DeleteResult>")]
    [InlineData($"<DeleteResult><Error>{First}<Code>NoSuchKey</Code></Error><Deleted>{Second}</Deleted></DeleteResult>")]
    [InlineData("<DeleteResult><Deleted><Key>vault/a</Key></Deleted><Deleted><Key>vault/a</Key></Deleted></DeleteResult>")]
    public async Task What_is_not_there_is_no_error(string answer)
    {
        await using var store = await StartAsync(answer);
        await using var target = store.Open($"{Address}&versioning=on");

        await target.DeleteAsync(Name, Cancel);

        var request = Assert.Single(store.Seen, static seen => seen.Method is "POST");
        Assert.Contains("<VersionId>2</VersionId>", System.Text.Encoding.UTF8.GetString(request.Body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AES256", true)]
    [InlineData("aws:kms", false)]
    public async Task A_key_of_the_key_service_is_used_or_the_put_is_refused(string said, bool isRefused)
    {
        await using var store = await ScriptedStore.StartAsync(_ => new ScriptedAnswer(200) { Encryption = said });
        await using var target = store.Open($"{Address}&conditionalput=yes&kmskey=one");

        var error = await Record.ExceptionAsync(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal(isRefused ? TargetFault.Unsupported : null, (error as TargetException)?.Fault);
    }

    /// <summary>Two versions of one name, the answer to their delete, and a lock on each.</summary>
    private static Task<ScriptedStore> StartAsync(string answer) => ScriptedStore.StartAsync(request => new ScriptedAnswer(200, Body: request switch
    {
        { Method: "POST" } => answer,
        _ when request.Query.Contains("retention", StringComparison.Ordinal) => Retained,
        _ when request.Query.Contains("legal-hold", StringComparison.Ordinal) => "<LegalHold><Status>OFF</Status></LegalHold>",
        _ => $"<ListVersionsResult><Name>bucket</Name><IsTruncated>false</IsTruncated><Version>{First}<Size>1</Size><IsLatest>true</IsLatest></Version><Version>{Second}<Size>1</Size></Version></ListVersionsResult>",
    }));

    private static string DeleteAnswer(byte[] asked, string code)
    {
        var keys = System.Xml.Linq.XElement.Parse(System.Text.Encoding.UTF8.GetString(asked)).Descendants().Where(static element => element.Name.LocalName is "Key").Select(static key => key.Value).ToList();
        return $"<DeleteResult><Error><Key>{keys[0]}</Key><Code>{code}</Code></Error>{string.Concat(keys.Skip(1).Select(static key => $"<Deleted><Key>{key}</Key></Deleted>"))}</DeleteResult>";
    }
}
