using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.S3;

/// <summary>Listings, page by page. What strangers put below the prefix is passed over.</summary>
internal sealed class S3Listing(S3Client client, S3Settings settings, S3Naming naming)
{
    private const int PageObjects = 1000;

    public async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, ObjectName? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var start = after is { } name ? naming.KeyOf(name) : null;
        string? token = null;
        do
        {
            var page = settings.Profile.ListVersion == 1
                ? await ReadOldPageAsync(prefix, start, PageObjects, cancellationToken)
                : await ReadPageAsync(prefix, start, token, PageObjects, cancellationToken);
            foreach (var found in page.Objects)
            {
                if (naming.NameOf(found.Key) is { } known)
                {
                    yield return StatOf(known, found);
                }
            }

            (token, start) = (page.NextToken, settings.Profile.ListVersion == 1 ? page.NextToken : start);
        }
        while (token is not null);
    }

    /// <exception cref="TargetException"><c>PlaceMissing</c>: there is no bucket.</exception>
    public Task RequirePlaceAsync(CancellationToken cancellationToken) => settings.Profile.ListVersion == 1
        ? ReadOldPageAsync("", null, 1, cancellationToken)
        : ReadPageAsync("", null, null, 1, cancellationToken);

    private ObjectStat StatOf(ObjectName name, S3Object found)
    {
        var storageClass = S3Naming.ClassOf(found.StorageClass?.Value);
        return new ObjectStat(name, found.Size ?? 0, S3Times.OfStore(found.LastModified))
        {
            Tag = S3Naming.TagOf(found.ETag),
            StorageClass = storageClass,
            Access = settings.AccessOf(storageClass, found.RestoreStatus?.IsRestoreInProgress == true, found.RestoreStatus?.RestoreExpiryDate is not null),
        };
    }

    private async Task<Page> ReadPageAsync(string prefix, string? start, string? token, int count, CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = settings.Bucket,
            Prefix = settings.Prefix + prefix,
            StartAfter = token is null ? start : null,
            ContinuationToken = token,
            MaxKeys = count,
            Encoding = settings.Profile.EncodesListings ? EncodingType.Url : null,
            OptionalObjectAttributes = settings.Profile.ColdClasses.Count > 0 ? [OptionalObjectAttributes.RestoreStatus] : null,
            ExpectedBucketOwner = settings.Owner,
        };
        var answer = await client.SendAsync(S3Deed.List(prefix), (sdk, guard) => sdk.ListObjectsV2Async(request, guard.Token), cancellationToken);
        RequireListing(prefix, answer.Value.Name);
        return PageOf(prefix, answer.Value.S3Objects, answer.Value.IsTruncated == true ? answer.Value.NextContinuationToken ?? "" : null);
    }

    private async Task<Page> ReadOldPageAsync(string prefix, string? marker, int count, CancellationToken cancellationToken)
    {
        var request = new ListObjectsRequest
        {
            BucketName = settings.Bucket,
            Prefix = settings.Prefix + prefix,
            Marker = marker,
            MaxKeys = count,
            Encoding = settings.Profile.EncodesListings ? EncodingType.Url : null,
            ExpectedBucketOwner = settings.Owner,
        };
        var answer = await client.SendAsync(S3Deed.List(prefix), (sdk, guard) => sdk.ListObjectsAsync(request, guard.Token), cancellationToken);
        RequireListing(prefix, answer.Value.Name);
        var objects = answer.Value.S3Objects;
        return PageOf(prefix, objects, answer.Value.IsTruncated == true ? answer.Value.NextMarker ?? objects?.LastOrDefault()?.Key ?? "" : null);
    }

    /// <summary>The SDK takes any XML for an empty listing; one that does not name its bucket is none.</summary>
    private void RequireListing(string prefix, string? bucket)
    {
        if (!string.Equals(bucket, settings.Bucket, StringComparison.Ordinal))
        {
            throw NoListing(prefix, "the answer is not a listing of the bucket");
        }
    }

    /// <summary>A page that is not the last and cannot be gone on from would end a listing early, or never.</summary>
    private Page PageOf(string prefix, List<S3Object>? objects, string? next)
    {
        if (next is "")
        {
            throw NoListing(prefix, "a page says that there are more, and not from where on");
        }

        foreach (var found in objects ?? [])
        {
            found.Key = settings.Profile.EncodesListings ? Uri.UnescapeDataString(found.Key) : found.Key;
        }

        return new Page(objects ?? [], next is not null && settings.Profile is { ListVersion: 1, EncodesListings: true } ? Uri.UnescapeDataString(next) : next);
    }

    private TargetException NoListing(string prefix, string problem) =>
        new(TargetFault.Unavailable, $"'{prefix}' cannot be listed in {settings.DisplayName}: {problem}.");

    private sealed record Page(List<S3Object> Objects, string? NextToken);
}
