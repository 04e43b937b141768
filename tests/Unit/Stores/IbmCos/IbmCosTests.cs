using SecureBackup.Engine.Primitives;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.IbmCos;

/// <summary>What IBM Cloud Object Storage alone wants.</summary>
public sealed class IbmCosTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Listings_are_of_the_first_version_their_keys_as_they_are_and_go_on_behind_the_last_key()
    {
        await using var store = await ScriptedStore.StartAsync(static request => new ScriptedAnswer(200, Body: Page(
            request.Query.Contains("marker=", StringComparison.Ordinal) ? ["x/packs/%41", "x/packs/c"] : ["x/packs/a", "x/packs/b"],
            isLast: request.Query.Contains("marker=", StringComparison.Ordinal))));
        await using var target = store.Open("ibmcos://bucket/x?region=eu-de");

        var listed = await target.ListAsync("packs/", Cancel).ToListAsync(Cancel);
        Assert.Equal(["packs/a", "packs/b", "packs/c"], listed.Select(static stat => stat.Name.Value));
        await target.ListAfterAsync("packs/", new ObjectName("packs/b"), Cancel).ToListAsync(Cancel);

        Assert.Equal(3, store.Seen.Count);
        Assert.All(store.Seen, static request => Assert.DoesNotContain("list-type", request.Query, StringComparison.Ordinal));
        Assert.All(store.Seen, static request => Assert.DoesNotContain("encoding-type", request.Query, StringComparison.Ordinal));
        Assert.All(store.Seen.Skip(1), static request => Assert.Contains("marker=x%2Fpacks%2Fb", request.Query, StringComparison.Ordinal));
        Assert.All(store.Seen, static request => Assert.Equal("/bucket", request.Path.TrimEnd('/')));
        Assert.All(store.Seen, static request => Assert.Contains("/eu-de/s3/aws4_request", request.Headers["Authorization"], StringComparison.Ordinal));
    }

    private static string Page(string[] keys, bool isLast) =>
        $"<ListBucketResult><Name>bucket</Name><IsTruncated>{(isLast ? "false" : "true")}</IsTruncated>{string.Concat(keys.Select(Entry))}</ListBucketResult>";

    private static string Entry(string key) =>
        $"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"0123\"</ETag><Size>3</Size><StorageClass>STANDARD</StorageClass></Contents>";
}
