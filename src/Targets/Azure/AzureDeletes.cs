using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.Azure;

/// <summary>Deletes: of an object, or of all its versions where the account keeps them.</summary>
internal sealed class AzureDeletes(AzureClient client, AzureSettings settings, AzureNaming naming, AzureListing listing)
{
    /// <summary>Null where it is not known. A version that is found shows that they are kept; that none is, shows nothing: what was put before has none of its own.</summary>
    public bool? IsVersioned { get; private set; } = settings.IsVersioned;

    /// <summary>Of a put: an account that keeps no versions tells none. Somebody may turn them on at any time.</summary>
    public void Note(string? version)
    {
        if (IsVersioned == false && version is { Length: > 0 })
        {
            IsVersioned = true;
        }
    }

    public async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (IsVersioned == false)
        {
            await DeleteNewestAsync(name, cancellationToken);
            return;
        }

        var versions = new List<BlobItem>();
        var locked = new HashSet<BlobItem>();
        await foreach (var (found, saidAt) in listing.ListVersionsAsync(name.Value, cancellationToken))
        {
            if (naming.NameOf(found.Name) == name)
            {
                versions.Add(found);
                if (IsLocked(found, saidAt))
                {
                    locked.Add(found);
                }
            }
        }

        if (versions.Exists(static version => version.VersionId is not null))
        {
            IsVersioned ??= true;
        }

        await DeleteVersionsAsync(name, versions, locked, cancellationToken);
    }

    /// <summary>What was put a moment ago and is not to stay; what somebody else put over it meanwhile does.</summary>
    public async Task TakeBackAsync(ObjectName name, BlobContentInfo put, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(
                name, container => container.GetBlobClient(naming.KeyOf(name)), DeleteSnapshotsOption.IncludeSnapshots, cancellationToken, new BlobRequestConditions { IfMatch = put.ETag });
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PreconditionFailed)
        {
            // Another one is the newest by now.
        }

        if (put.VersionId is { } version)
        {
            await DeleteVersionAsync(name, version, cancellationToken);
        }
    }

    /// <summary>
    /// A delete of the newest would hide it, locked or not: so nothing is begun where that is locked. It becomes one of the old ones, which go by their own names.
    /// </summary>
    private async Task DeleteVersionsAsync(ObjectName name, List<BlobItem> versions, HashSet<BlobItem> locked, CancellationToken cancellationToken)
    {
        var newest = versions.Find(static version => version.IsLatestVersion == true || version.VersionId is null);
        if (newest is not null && !locked.Contains(newest))
        {
            await DeleteNewestAsync(name, cancellationToken);
        }

        foreach (var version in versions.Where(version => version.VersionId is not null && !locked.Contains(version)))
        {
            await DeleteVersionAsync(name, version.VersionId, cancellationToken);
        }

        if (locked.Count > 0)
        {
            var first = AzureLocks.StateOf(locked.First().Properties.ImmutabilityPolicy, locked.First().Properties.HasLegalHold);
            throw new TargetException(
                TargetFault.Locked,
                $"'{name}' in {settings.DisplayName} is locked {(first.Lock is { } kept ? $"until {kept.Until:u}" : "by a legal hold")}.");
        }
    }

    /// <summary>By the store's clock; where it does not tell the time, no lock is over.</summary>
    private static bool IsLocked(BlobItem version, DateTimeOffset? now)
    {
        var state = AzureLocks.StateOf(version.Properties.ImmutabilityPolicy, version.Properties.HasLegalHold);
        return state.LegalHold || state.Lock?.Until > (now ?? DateTimeOffset.MinValue);
    }

    private Task DeleteNewestAsync(ObjectName name, CancellationToken cancellationToken) => DeleteAsync(
        name, container => container.GetBlobClient(naming.KeyOf(name)), DeleteSnapshotsOption.IncludeSnapshots, cancellationToken);

    private Task DeleteVersionAsync(ObjectName name, string version, CancellationToken cancellationToken) => DeleteAsync(
        name, container => container.GetBlobClient(naming.KeyOf(name)).WithVersion(version), DeleteSnapshotsOption.None, cancellationToken);

    private async Task DeleteAsync(
        ObjectName name,
        Func<global::Azure.Storage.Blobs.BlobContainerClient, BlobBaseClient> which,
        DeleteSnapshotsOption snapshots,
        CancellationToken cancellationToken,
        BlobRequestConditions? conditions = null)
    {
        try
        {
            await client.SendAsync(AzureDeed.Delete(name), (container, guard) => which(container).DeleteAsync(snapshots, conditions, guard.Token), cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            // It is gone, and that is what was asked for.
        }
    }
}
