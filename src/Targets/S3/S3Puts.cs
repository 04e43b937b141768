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
    /// <summary>The folder whose objects may be of another storage class.</summary>
    private const string Packs = "packs/";

    public async Task<PutReceipt> PutAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        var isIfAbsent = options.IfAbsent && settings.HasConditionalPut;
        var deed = S3Deed.Put(name, isIfAbsent, options.Lock is not null || options.LegalHold);
        var hash = await HashAsync(content, cancellationToken);
        GuardedContent? body = null;
        try
        {
            var answer = await client.SendAsync(
                deed,
                async (sdk, guard) =>
                {
                    body = guard.Watch(content.AsStream());
                    return await sdk.PutObjectAsync(RequestOf(name, body, hash, options, isIfAbsent), guard.Token);
                },
                cancellationToken);
            return new PutReceipt(content.LengthBytes, S3Times.OfStore(answer.Date)) { Tag = S3Naming.TagOf(answer.Value.ETag), Version = answer.Value.VersionId };
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

    private static async ValueTask<ContentHash> HashAsync(PutContent content, CancellationToken cancellationToken) => await content.HashAsync(cancellationToken);

    private PutObjectRequest RequestOf(ObjectName name, GuardedContent body, ContentHash hash, PutOptions options, bool isIfAbsent)
    {
        Span<byte> sha256 = stackalloc byte[Id256.SizeBytes];
        hash.Value.CopyTo(sha256);
        var request = new PutObjectRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            InputStream = body,
            AutoCloseStream = false,
            AutoResetStreamPosition = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = settings.Payload == PayloadMode.Checksummed,
            ChecksumSHA256 = Convert.ToBase64String(sha256),
            IfNoneMatch = isIfAbsent ? "*" : null,
            ExpectedBucketOwner = settings.Owner,
            ContentType = "application/octet-stream",
        };
        request.Headers.ContentLength = body.Length;
        if ((options.StorageClass ?? (name.Value.StartsWith(Packs, StringComparison.Ordinal) ? settings.StorageClass : null)) is { } storageClass)
        {
            request.StorageClass = new S3StorageClass(storageClass);
        }

        return request;
    }
}
