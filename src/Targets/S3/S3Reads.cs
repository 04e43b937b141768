using System.Globalization;
using System.Net.Http.Headers;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using ByteRange = Amazon.S3.Model.ByteRange;

namespace SecureBackup.Targets.S3;

/// <summary>Ranges, whole objects and what a store says of them; every answer is proved to be the one that was asked for, and to be there to its end.</summary>
internal sealed class S3Reads(S3Client client, S3Settings settings, S3Naming naming)
{
    public async Task ReadAsync(ObjectName name, string? version, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            VersionId = version,
            ByteRange = new ByteRange(offset, offset + destination.Length - 1),
            ExpectedBucketOwner = settings.Owner,
        };
        await client.SendAsync(
            S3Deed.Read(name),
            async (sdk, guard) =>
            {
                using var answer = await sdk.GetObjectAsync(request, guard.Token);
                RequireRange(name, answer, offset, destination.Length);
                await ReadWholeAsync(name, answer.ResponseStream, destination, guard.Token);
                return true;
            },
            cancellationToken);
    }

    public async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), ExpectedBucketOwner = settings.Owner };
        try
        {
            var answer = await client.SendAsync(
                S3Deed.Read(name),
                async (sdk, guard) =>
                {
                    using var found = await sdk.GetObjectAsync(request, guard.Token);
                    var stat = new ObjectStat(name, found.ContentLength, S3Times.OfStore(found.LastModified))
                    {
                        Tag = S3Naming.TagOf(found.ETag),
                        StorageClass = S3Naming.ClassOf(found.StorageClass?.Value),
                    };
                    if (stat.LengthBytes > maxBytes)
                    {
                        return new WholeObject(stat, null);
                    }

                    var bytes = new byte[stat.LengthBytes];
                    await ReadWholeAsync(name, found.ResponseStream, bytes, guard.Token);
                    return new WholeObject(stat, bytes);
                },
                cancellationToken);
            return answer.Value;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

    /// <summary>Null where there is no such object, or no bucket: the answer has no body that would tell.</summary>
    public async Task<ObjectStat?> StatAsync(ObjectName name, string? version, CancellationToken cancellationToken)
    {
        var request = new GetObjectMetadataRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), VersionId = version, ExpectedBucketOwner = settings.Owner };
        try
        {
            var answer = (await client.SendAsync(S3Deed.Stat(name), (sdk, guard) => sdk.GetObjectMetadataAsync(request, guard.Token), cancellationToken)).Value;
            var storageClass = S3Naming.ClassOf(answer.StorageClass?.Value);
            return new ObjectStat(name, answer.ContentLength, S3Times.OfStore(answer.LastModified))
            {
                Tag = S3Naming.TagOf(answer.ETag),
                StorageClass = storageClass,
                Access = settings.AccessOf(storageClass, answer.RestoreInProgress == true, answer.RestoreExpiration is not null),
            };
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

    public TargetException EndsBefore(ObjectName name, long end) => new(TargetFault.OutOfRange, $"'{name}' in {settings.DisplayName} ends before byte {end}.");

    /// <summary>The range that was asked for and no other; a store gives less of it where the object ends.</summary>
    private void RequireRange(ObjectName name, GetObjectResponse answer, long offset, int length)
    {
        var range = answer.ContentRange is { } said && ContentRangeHeaderValue.TryParse(said, out var parsed) ? parsed : null;
        if (range is not { From: { } from, To: { } to } || from != offset)
        {
            throw new TargetException(
                TargetFault.Unavailable, string.Create(CultureInfo.InvariantCulture, $"'{name}' cannot be read in {settings.DisplayName}: the answer is not the range from byte {offset}."));
        }

        if (to - from + 1 < length)
        {
            throw EndsBefore(name, offset + length);
        }
    }

    private async Task ReadWholeAsync(ObjectName name, Stream body, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < destination.Length || await body.ReadAsync(new byte[1], cancellationToken) > 0)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {settings.DisplayName}: the answer does not have the length that it announces.");
        }
    }
}
