using System.Runtime.ExceptionServices;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>Objects in one request: no look before, none after. The server proves the body by the checksum that was announced.</summary>
internal sealed class S3Puts(S3Client client, S3Settings settings, S3Naming naming)
{
    public const string ContentType = "application/octet-stream";

    public async Task<(PutObjectResponse Answer, DateTimeOffset Date)> PutAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        var hasLock = options.Lock is not null || options.LegalHold;
        var deed = S3Deed.Put(name, options.IfAbsent && settings.HasConditionalPut, hasLock);
        var sums = await SumsAsync(content, settings.SendsMd5 || (hasLock && settings.Profile.SendsMd5WithLocks), cancellationToken);
        GuardedContent? body = null;
        try
        {
            var answer = await client.SendAsync(
                deed,
                async (sdk, guard) =>
                {
                    body = guard.Watch(content.AsStream());
                    return await sdk.PutObjectAsync(RequestOf(name, body, sums, options), guard.Token);
                },
                cancellationToken);
            return (answer.Value, answer.Date);
        }
        catch (Exception) when (body?.Failure is not null)
        {
            // The caller's stream broke, or was not what it announced. The request ended in the middle, and the store has nothing.
            ExceptionDispatchInfo.Throw(body.Failure);
            throw;
        }
        catch (TargetException refusal) when (refusal.Fault == TargetFault.Garbled)
        {
            throw await content.JudgeAsync(refusal, cancellationToken);
        }
    }

    private static async Task<S3Sums> SumsAsync(PutContent content, bool withMd5, CancellationToken cancellationToken)
    {
        var announced = S3Sums.Header(await content.HashAsync(cancellationToken));
        return withMd5 ? (await S3Sums.OfAsync(content.AsStream(), withMd5: true, null, cancellationToken)) with { Sha256 = announced } : new S3Sums(announced, null);
    }

    private PutObjectRequest RequestOf(ObjectName name, GuardedContent body, S3Sums sums, PutOptions options)
    {
        var request = new PutObjectRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            InputStream = body,
            AutoCloseStream = false,
            AutoResetStreamPosition = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = settings.Payload == PayloadMode.Checksummed,
            ChecksumSHA256 = sums.Sha256,
            MD5Digest = sums.Md5,
            IfNoneMatch = options.IfAbsent && settings.HasConditionalPut ? "*" : null,
            ExpectedBucketOwner = settings.Owner,
            ContentType = ContentType,
        };
        request.Headers.ContentLength = body.Length;
        if (settings.ClassFor(name, options) is { } storageClass)
        {
            request.StorageClass = new S3StorageClass(storageClass);
        }

        if (settings.KmsKey is { } key)
        {
            request.ServerSideEncryptionMethod = ServerSideEncryptionMethod.AWSKMS;
            request.ServerSideEncryptionKeyManagementServiceKeyId = key;
            request.BucketKeyEnabled = true;
        }
        else if (settings.AsksForEncryption)
        {
            request.ServerSideEncryptionMethod = ServerSideEncryptionMethod.AES256;
        }

        S3Locks.AddTo(request, options);
        return request;
    }
}
