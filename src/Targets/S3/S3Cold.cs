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
    private const string DeepArchive = "DEEP_ARCHIVE";

    public async Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken)
    {
        var stat = await reads.StatAsync(name, null, cancellationToken) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {settings.DisplayName}.");
        if (stat.Access == ObjectAccess.Ready)
        {
            return new WarmReceipt(ObjectAccess.Ready, TimeSpan.Zero);
        }

        var within = ReadyWithin(stat.StorageClass, options.Speed);
        if (stat.Access == ObjectAccess.Warming)
        {
            return new WarmReceipt(ObjectAccess.Warming, within);
        }

        var request = new RestoreObjectRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            Days = Math.Max(1, (int)Math.Ceiling(options.KeepFor.TotalDays)),
            RetrievalTier = TierOf(options.Speed),
            ExpectedBucketOwner = settings.Owner,
        };
        try
        {
            var answer = await client.SendAsync(
                new S3Deed($"'{name}' cannot be warmed", "restore objects from the archive", "s3:RestoreObject") { Name = name }, (sdk, guard) => sdk.RestoreObjectAsync(request, guard.Token), cancellationToken);
            return answer.Value.HttpStatusCode == HttpStatusCode.OK ? new WarmReceipt(ObjectAccess.Ready, TimeSpan.Zero) : new WarmReceipt(ObjectAccess.Warming, within);
        }
        catch (TargetException exception) when (exception.InnerException is AmazonS3Exception { ErrorCode: AlreadyAsked })
        {
            return new WarmReceipt(ObjectAccess.Warming, within);
        }
    }

    private static GlacierJobTier TierOf(WarmSpeed speed) => speed switch
    {
        WarmSpeed.Bulk => GlacierJobTier.Bulk,
        WarmSpeed.Expedited => GlacierJobTier.Expedited,
        _ => GlacierJobTier.Standard,
    };

    /// <summary>At the longest, by the provider's documents.</summary>
    private static TimeSpan ReadyWithin(string? storageClass, WarmSpeed speed) => (storageClass, speed) switch
    {
        (DeepArchive, WarmSpeed.Bulk) => TimeSpan.FromHours(48),
        (DeepArchive, _) => TimeSpan.FromHours(12),
        (_, WarmSpeed.Bulk) => TimeSpan.FromHours(12),
        (_, WarmSpeed.Expedited) => TimeSpan.FromMinutes(5),
        _ => TimeSpan.FromHours(5),
    };
}
