using System.Runtime.CompilerServices;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.S3;

/// <summary>Versions and delete markers, page by page.</summary>
internal sealed class S3Versions(S3Client client, S3Settings settings, S3Naming naming)
{
    private const int PageVersions = 1000;

    public async IAsyncEnumerable<ObjectVersion> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (name, found) in ListKeysAsync(prefix, cancellationToken))
        {
            var stat = new ObjectStat(name, found.Size ?? 0, S3Times.OfStore(found.LastModified)) { Tag = S3Naming.TagOf(found.ETag), StorageClass = S3Naming.ClassOf(found.StorageClass?.Value) };
            yield return new ObjectVersion(stat, found.VersionId, found.IsLatest == true, found.IsDeleteMarker == true);
        }
    }

    /// <summary>What takes this object away for good: every version and delete marker of its name.</summary>
    public async Task<List<KeyVersion>> OfAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var versions = new List<KeyVersion>();
        await foreach (var (found, version) in ListKeysAsync(name.Value, cancellationToken))
        {
            if (found == name)
            {
                versions.Add(new KeyVersion { Key = version.Key, VersionId = version.VersionId });
            }
        }

        return versions;
    }

    private async IAsyncEnumerable<(ObjectName Name, S3ObjectVersion Version)> ListKeysAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var order = new ListingOrder(prefix, settings.DisplayName, hasVersions: true);
        string? key = null;
        string? version = null;
        do
        {
            var request = new ListVersionsRequest
            {
                BucketName = settings.Bucket,
                Prefix = settings.Prefix + prefix,
                KeyMarker = key,
                VersionIdMarker = version,
                MaxKeys = PageVersions,
                ExpectedBucketOwner = settings.Owner,
            };
            var page = (await client.SendAsync(S3Deed.ListVersions(prefix), (sdk, guard) => sdk.ListVersionsAsync(request, guard.Token), cancellationToken)).Value;
            if (!string.Equals(page.Name, settings.Bucket, StringComparison.Ordinal) || (page.IsTruncated == true && page.NextKeyMarker is not { Length: > 0 }))
            {
                throw new TargetException(TargetFault.Unavailable, $"The versions of '{prefix}' cannot be listed in {settings.DisplayName}: the answer is not a listing of the bucket's versions.");
            }

            // Within a page some stores give delete markers after all versions.
            foreach (var ours in (page.Versions ?? []).Select(static found => found.Key).Where(found => naming.NameOf(found) is not null).Order(StringComparer.Ordinal))
            {
                order.Require(ours);
            }

            foreach (var found in page.Versions ?? [])
            {
                if (naming.NameOf(found.Key) is { } name)
                {
                    yield return (name, found);
                }
            }

            order.Next(page.IsTruncated == true ? $"{page.NextKeyMarker}\n{page.NextVersionIdMarker}" : null);
            (key, version) = page.IsTruncated == true ? (page.NextKeyMarker, page.NextVersionIdMarker) : (null, null);
        }
        while (key is not null);
    }
}
