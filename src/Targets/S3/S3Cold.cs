using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.S3;

/// <summary>Objects of archive classes: asked for, they become readable for a while.</summary>
internal sealed class S3Cold(S3Client client, S3Settings settings, S3Naming naming, S3Reads reads)
{
    private const string AlreadyAsked = "RestoreAlreadyInProgress";

    public async Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken)
    {
        // Listings of the first version say nothing of copies.
        var listed = settings.Profile.ListVersion == 1 ? null : options.Listed;
        var stat = listed ?? await reads.StatAsync(name, null, cancellationToken) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {settings.DisplayName}.");
        if (stat.Access == ObjectAccess.Ready)
        {
            return new WarmReceipt(ObjectAccess.Ready, TimeSpan.Zero);
        }

        var within = settings.Profile.WarmsWithin(stat.StorageClass ?? "", options.Speed);
        if (stat.Access == ObjectAccess.Warming)
        {
            return new WarmReceipt(ObjectAccess.Warming, within);
        }

        var request = new RestoreObjectRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            Days = Math.Max(1, (int)Math.Ceiling(options.KeepFor.TotalDays)),
            RetrievalTier = settings.Profile.HasWarmSpeeds ? TierOf(stat.StorageClass, options.Speed) : GlacierJobTier.Bulk,
            ExpectedBucketOwner = settings.Owner,
        };
        try
        {
            var answer = await client.SendAsync(
                new S3Deed($"'{name}' cannot be warmed", "restore objects from the archive", "s3:RestoreObject") { Name = name }, (sdk, guard) => sdk.RestoreObjectAsync(request, guard.Token), cancellationToken);
            return answer.Value.HttpStatusCode == HttpStatusCode.OK ? new WarmReceipt(ObjectAccess.Ready, TimeSpan.Zero) : new WarmReceipt(ObjectAccess.Warming, within) { IsNew = true };
        }
        catch (TargetException exception) when (exception.InnerException is AmazonS3Exception { ErrorCode: AlreadyAsked })
        {
            return new WarmReceipt(ObjectAccess.Warming, within);
        }
    }

    /// <summary>From where it cannot be had in minutes it is had as fast as it can be.</summary>
    private static GlacierJobTier TierOf(string? storageClass, WarmSpeed speed) => speed switch
    {
        WarmSpeed.Bulk => GlacierJobTier.Bulk,
        WarmSpeed.Expedited when storageClass is not "DEEP_ARCHIVE" => GlacierJobTier.Expedited,
        _ => GlacierJobTier.Standard,
    };
}
