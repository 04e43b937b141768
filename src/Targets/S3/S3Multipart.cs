using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>Objects that are too long for one request: in parts, one after the other, each proved by the server. The name appears with the last step, or never.</summary>
internal sealed class S3Multipart(S3Client client, S3Settings settings, S3Naming naming, IEngineSink sink)
{
    /// <summary>Stores take 10,000.</summary>
    private const int MaxParts = 9000;

    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(15);

    public async Task<(CompleteMultipartUploadResponse Answer, DateTimeOffset Date)> PutAsync(
        ObjectName name, PutContent content, PutOptions options, Func<CancellationToken, Task> requireAbsent, CancellationToken cancellationToken)
    {
        var deed = S3Deed.Put(name, options.IfAbsent && settings.SendsCondition, options.Lock is not null || options.LegalHold);
        var begin = InitiationOf(name, options);
        var upload = (await client.SendAsync(deed, (sdk, guard) => sdk.InitiateMultipartUploadAsync(begin, guard.Token), cancellationToken)).Value.UploadId;
        try
        {
            var parts = await PutPartsAsync(deed, name, upload, content, cancellationToken);
            if (options.IfAbsent && !settings.Profile.HasConditionalComplete)
            {
                await requireAbsent(cancellationToken);
            }

            var request = CompletionOf(name, upload, parts, content.LengthBytes, options);
            var answer = await client.SendAsync(deed, (sdk, guard) => sdk.CompleteMultipartUploadAsync(request, guard.Token), cancellationToken);
            return string.Equals(answer.Value.Key, request.Key, StringComparison.Ordinal)
                ? (answer.Value, answer.Date)
                : throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be put in {settings.DisplayName}: the store took all parts and did not say that it joined them.");
        }
        catch (Exception exception)
        {
            // A crash here leaves parts that nobody sees and somebody pays for; the lifecycle rule of the bucket takes them away.
            await AbortAsync(name, upload);
            if (exception is TargetException { Fault: TargetFault.Garbled } refusal)
            {
                throw await content.JudgeAsync(refusal, cancellationToken);
            }

            throw;
        }
    }

    private async Task<List<PartETag>> PutPartsAsync(S3Deed deed, ObjectName name, string upload, PutContent content, CancellationToken cancellationToken)
    {
        var size = (long)settings.PartBytes;
        while (content.LengthBytes > size * MaxParts)
        {
            size *= 2;
        }

        await using var bytes = content.AsStream();
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var parts = new List<PartETag>();
        for (var offset = 0L; offset < content.LengthBytes; offset += size)
        {
            var request = new UploadPartRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), UploadId = upload, PartNumber = parts.Count + 1 };
            parts.Add(await PutPartAsync(deed, request, new ContentSection(bytes, offset, Math.Min(size, content.LengthBytes - offset)), whole, cancellationToken));
        }

        // The server has proved each part; that together they are what was announced, only we can.
        return new ContentHash(Id256.Read(whole.GetHashAndReset())) == await content.HashAsync(cancellationToken)
            ? parts
            : throw new TargetException(TargetFault.Garbled, $"The parts of '{name}' are not what was announced.");
    }

    private async Task<PartETag> PutPartAsync(S3Deed deed, UploadPartRequest request, ContentSection part, IncrementalHash whole, CancellationToken cancellationToken)
    {
        var sums = await S3Sums.OfAsync(part, settings.SendsMd5, whole, cancellationToken);
        request.PartSize = part.Length;
        request.UseChunkEncoding = false;
        request.DisablePayloadSigning = settings.Payload == PayloadMode.Checksummed;
        request.ChecksumSHA256 = sums.Sha256;
        request.MD5Digest = sums.Md5;
        request.ExpectedBucketOwner = settings.Owner;
        GuardedContent? body = null;
        try
        {
            var answer = await client.SendAsync(
                deed,
                async (sdk, guard) =>
                {
                    part.Position = 0;
                    body = guard.Watch(part);
                    request.InputStream = body;
                    return await sdk.UploadPartAsync(request, guard.Token);
                },
                cancellationToken);
            return new PartETag(request.PartNumber!.Value, client.RequireTag(deed, answer.Value.ETag)) { ChecksumSHA256 = settings.KeepsPartChecksums ? sums.Sha256 : null };
        }
        catch (Exception) when (body?.Failure is not null)
        {
            ExceptionDispatchInfo.Throw(body.Failure);
            throw;
        }
    }

    private InitiateMultipartUploadRequest InitiationOf(ObjectName name, PutOptions options)
    {
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            ContentType = S3Puts.ContentType,
            ChecksumAlgorithm = settings.KeepsPartChecksums ? ChecksumAlgorithm.SHA256 : null,
            ExpectedBucketOwner = settings.Owner,
        };
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

    private CompleteMultipartUploadRequest CompletionOf(ObjectName name, string upload, List<PartETag> parts, long length, PutOptions options) => new()
    {
        BucketName = settings.Bucket,
        Key = naming.KeyOf(name),
        UploadId = upload,
        PartETags = parts,
        MpuObjectSize = settings.KeepsPartChecksums ? length : null,
        IfNoneMatch = options.IfAbsent && settings.Profile.HasConditionalComplete ? "*" : null,
        ExpectedBucketOwner = settings.Owner,
    };

    /// <summary>With a patience of its own: the caller's may be over.</summary>
    private async Task AbortAsync(ObjectName name, string upload)
    {
        using var patience = new CancellationTokenSource(AbortPatience);
        var request = new AbortMultipartUploadRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), UploadId = upload, ExpectedBucketOwner = settings.Owner };
        try
        {
            await client.SendAsync(S3Deed.Delete($"The parts of '{name}'"), (sdk, guard) => sdk.AbortMultipartUploadAsync(request, guard.Token), patience.Token);
        }
        catch (Exception exception) when (exception is TargetException or OperationCanceledException)
        {
            sink.Report(new BackupEvent(EventSeverity.Verbose, $"The parts of '{name}' are left in {settings.DisplayName}: {exception.Message}"));
        }
    }
}
