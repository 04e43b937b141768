using System.Runtime.CompilerServices;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Google;

/// <summary>Listings, page by page. What strangers put below the prefix is passed over.</summary>
internal sealed class GcsListing(GcsClient client, GcsSettings settings, GcsNaming naming)
{
    private const int PageObjects = 1000;

    private const string Kind = "storage#objects";

    public async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, ObjectName? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The offset's own name is listed too.
        var start = after is { } name ? $"&startOffset={Uri.EscapeDataString(naming.KeyOf(name))}" : "";
        await foreach (var found in ReadAsync(prefix, hasVersions: false, $"{start}&fields=kind,nextPageToken,items(name,size,timeCreated,generation,storageClass)", cancellationToken))
        {
            if (naming.NameOf(found.Name) is { } known && known != after)
            {
                yield return StatOf(known, found);
            }
        }
    }

    /// <summary>All generations, newest first within a name; the platform gives the oldest first.</summary>
    public async IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var sameName = new Stack<ObjectVersion>();
        await foreach (var found in ReadAsync(prefix, hasVersions: true, "&versions=true&fields=kind,nextPageToken,items(name,size,timeCreated,timeDeleted,generation,storageClass)", cancellationToken))
        {
            if (naming.NameOf(found.Name) is not { } known)
            {
                continue;
            }

            if (sameName.TryPeek(out var last) && last.Stat.Name != known)
            {
                while (sameName.TryPop(out var version))
                {
                    yield return version;
                }
            }

            sameName.Push(new ObjectVersion(StatOf(known, found), GcsTimes.TagOf(found.Generation), found.TimeDeleted is null, false));
        }

        while (sameName.TryPop(out var version))
        {
            yield return version;
        }
    }

    /// <summary>The generations of one name, oldest first.</summary>
    public async Task<List<long>> GenerationsOfAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var key = naming.KeyOf(name);
        var generations = new List<long>();

        // Nothing that a vault has sorts between a name and that name with the character that comes first of all behind it.
        await foreach (var found in ReadAsync(name.Value, hasVersions: true, $"&versions=true&endOffset={Uri.EscapeDataString(key + '!')}&fields=kind,nextPageToken,items(name,size,timeCreated,generation)", cancellationToken))
        {
            if (string.Equals(found.Name, key, StringComparison.Ordinal))
            {
                generations.Add(found.Generation);
            }
        }

        return generations;
    }

    /// <exception cref="Engine.Faults.TargetException"><c>PlaceMissing</c>: there is no bucket.</exception>
    public Task RequirePlaceAsync(CancellationToken cancellationToken) => ReadPageAsync("", "&fields=kind,nextPageToken", null, 1, cancellationToken);

    public static ObjectStat StatOf(ObjectName name, GcsObject found) =>
        new(name, found.Size, GcsTimes.OfStore(found.TimeCreated)) { Tag = GcsTimes.TagOf(found.Generation), StorageClass = found.StorageClass };

    private async IAsyncEnumerable<GcsObject> ReadAsync(string prefix, bool hasVersions, string query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var order = new ListingOrder(prefix, settings.DisplayName, hasVersions);
        string? token = null;
        do
        {
            var page = await ReadPageAsync(prefix, query, token, PageObjects, cancellationToken);
            foreach (var found in page.Items ?? [])
            {
                if (naming.NameOf(found.Name) is not null)
                {
                    order.Require(found.Name!);
                }

                yield return found;
            }

            // A page may be empty and not be the last.
            token = order.Next(page.NextPageToken is { Length: > 0 } next ? next : null);
        }
        while (token is not null);
    }

    /// <summary>One without objects looks like nearly any other answer, so that it has to say what it is.</summary>
    private async Task<GcsPage> ReadPageAsync(string prefix, string query, string? token, int count, CancellationToken cancellationToken)
    {
        var address = $"{naming.Bucket}/o?prefix={Uri.EscapeDataString(settings.Prefix + prefix)}&maxResults={count}{query}{(token is null ? "" : $"&pageToken={Uri.EscapeDataString(token)}")}";
        var page = await client.SendAsync(GcsDeed.List(prefix), new GcsRequest(HttpMethod.Get, address, RequestKind.List), GcsJson.Default.GcsPage, cancellationToken);
        return page.Kind is Kind ? page : throw client.NoAnswer(GcsDeed.List(prefix));
    }
}
