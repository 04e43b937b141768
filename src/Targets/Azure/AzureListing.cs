using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>Listings, page by page. What strangers put below the prefix is passed over.</summary>
internal sealed class AzureListing(AzureClient client, AzureNaming naming)
{
    private const int PageObjects = 5000;

    public async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, ObjectName? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = new GetBlobsOptions { Prefix = naming.KeyOf(prefix), StartFrom = after is { } name ? naming.KeyOf(name) : null };
        await foreach (var found in ReadAsync(prefix, options, cancellationToken))
        {
            // The name to start from is in the listing.
            if (naming.NameOf(found.Name) is { } known && known != after)
            {
                yield return StatOf(known, found);
            }
        }
    }

    /// <summary>Every version below a prefix, with its locks: the oldest first within a name.</summary>
    public IAsyncEnumerable<BlobItem> ListVersionsAsync(string prefix, CancellationToken cancellationToken) => ReadAsync(
        prefix,
        new GetBlobsOptions { Prefix = naming.KeyOf(prefix), States = BlobStates.Version, Traits = BlobTraits.ImmutabilityPolicy | BlobTraits.LegalHold },
        cancellationToken);

    public static ObjectStat StatOf(ObjectName name, BlobItem found) =>
        new(name, found.Properties.ContentLength ?? 0, AzureTimes.OfStore(found.Properties.LastModified ?? DateTimeOffset.UnixEpoch))
        {
            Tag = found.Properties.ETag is { } tag ? AzureNaming.TagOf(tag) : null,
            StorageClass = found.Properties.AccessTier?.ToString(),
            Access = AzureTiers.AccessOf(found.Properties.AccessTier?.ToString(), found.Properties.ArchiveStatus?.ToString()),
        };

    /// <summary>A page may be empty and not the last.</summary>
    private async IAsyncEnumerable<BlobItem> ReadAsync(string prefix, GetBlobsOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? marker = null;
        do
        {
            var page = await ReadPageAsync(prefix, options, marker, cancellationToken);
            foreach (var found in page.Values)
            {
                yield return found;
            }

            marker = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(marker));
    }

    private Task<Page<BlobItem>> ReadPageAsync(string prefix, GetBlobsOptions options, string? marker, CancellationToken cancellationToken) => client.SendAsync(
        AzureDeed.List(prefix),
        async (container, guard) =>
        {
            await using var pages = container.GetBlobsAsync(options, guard.Token).AsPages(marker, PageObjects).GetAsyncEnumerator(guard.Token);
            await pages.MoveNextAsync();
            return pages.Current;
        },
        cancellationToken);
}
