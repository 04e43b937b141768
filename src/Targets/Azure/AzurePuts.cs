using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// Objects in one request; those that are too long in blocks, which become an object with the last request. The content is read once to prove what was announced
/// and to sum it up, and once more to be sent; the server proves each body by that sum.
/// </summary>
internal sealed class AzurePuts(AzureClient client, AzureSettings settings, AzureNaming naming, AzureLocks locks)
{
    private const int MaxBlocks = 50_000;
    private const string EncryptedHeader = "x-ms-request-server-encrypted";

    public async Task<PutReceipt> PutAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        var deed = AzureDeed.Put(name, options.IfAbsent, options.Lock is not null || options.LegalHold);
        var isSingle = content.LengthBytes <= settings.SinglePutBytes;
        var blockBytes = isSingle ? Math.Max(1, content.LengthBytes) : BlockBytesOf(content.LengthBytes);
        using var sums = new ContentSums(blockBytes, settings.SendsMd5);
        await content.CopyToAsync(sums, cancellationToken);
        var answer = isSingle
            ? await PutWholeAsync(name, content, options, sums.Finish()[0], deed, cancellationToken)
            : await PutBlocksAsync(name, content, options, blockBytes, sums.Finish(), deed, cancellationToken);
        RequireEncrypted(name, answer.GetRawResponse());
        var info = answer.Value;
        return new PutReceipt(content.LengthBytes, AzureTimes.OfStore(info.LastModified))
        {
            Tag = AzureNaming.TagOf(info.ETag),
            Version = info.VersionId,
            Lock = deed.HasLock ? await locks.RequireKeptAsync(name, info, options, cancellationToken) : null,
        };
    }

    private long BlockBytesOf(long lengthBytes)
    {
        var bytes = settings.BlockBytes;
        while (bytes * MaxBlocks < lengthBytes)
        {
            bytes *= 2;
        }

        return bytes;
    }

    private Task<Response<BlobContentInfo>> PutWholeAsync(
        ObjectName name, PutContent content, PutOptions options, byte[] sum, AzureDeed deed, CancellationToken cancellationToken) => SendBodyAsync(
        deed,
        content,
        sum,
        content.AsStream,
        (container, body, token) => container.GetBlobClient(naming.KeyOf(name)).UploadAsync(
            body,
            new BlobUploadOptions
            {
                Conditions = ConditionsOf(options),
                AccessTier = TierOf(name, options),
                ImmutabilityPolicy = AzureLocks.PolicyOf(options.Lock),
                LegalHold = options.LegalHold ? true : null,
                // More than there is, so that it is one request.
                TransferOptions = new StorageTransferOptions { InitialTransferSize = content.LengthBytes + 1, MaximumTransferSize = content.LengthBytes + 1 },
            },
            token),
        cancellationToken);

    private async Task<Response<BlobContentInfo>> PutBlocksAsync(
        ObjectName name, PutContent content, PutOptions options, long blockBytes, IReadOnlyList<byte[]> sums, AzureDeed deed, CancellationToken cancellationToken)
    {
        // Blocks wait under the object's name whoever sent them: each put has names of its own, or one could commit another's.
        var own = RandomNumberGenerator.GetHexString(16, lowercase: true);
        var ids = new List<string>(sums.Count);
        foreach (var (index, sum) in sums.Index())
        {
            var id = Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{own}{index:d8}")));
            var start = index * blockBytes;
            await SendBodyAsync(
                deed,
                content,
                sum,
                () => new ContentSection(content.AsStream(), start, Math.Min(blockBytes, content.LengthBytes - start)),
                (container, body, token) => container.GetBlockBlobClient(naming.KeyOf(name)).StageBlockAsync(id, body, cancellationToken: token),
                cancellationToken);
            ids.Add(id);
        }

        return await client.SendAsync(
            deed,
            (container, guard) => container.GetBlockBlobClient(naming.KeyOf(name)).CommitBlockListAsync(
                ids,
                new CommitBlockListOptions
                {
                    Conditions = ConditionsOf(options),
                    AccessTier = TierOf(name, options),
                    ImmutabilityPolicy = AzureLocks.PolicyOf(options.Lock),
                    LegalHold = options.LegalHold ? true : null,
                },
                guard.Token),
            cancellationToken);
    }

    private async Task<T> SendBodyAsync<T>(
        AzureDeed deed, PutContent content, byte[] sum, Func<Stream> open, Func<BlobContainerClient, Stream, CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        GuardedContent? body = null;
        try
        {
            return await client.SendAsync(
                deed,
                async (container, guard) =>
                {
                    body = guard.Watch(open());
                    using var announced = ChecksumHeader.Announce(sum, settings.SendsMd5);
                    return await send(container, body, guard.Token);
                },
                cancellationToken);
        }
        catch (Exception) when (body?.Failure is not null)
        {
            // The caller's stream broke. The request ended in the middle, and the store has nothing.
            ExceptionDispatchInfo.Throw(body.Failure);
            throw;
        }
        catch (TargetException refusal) when (refusal.Fault == TargetFault.Garbled)
        {
            throw await content.JudgeAsync(refusal, cancellationToken);
        }
    }

    private static BlobRequestConditions? ConditionsOf(PutOptions options) => options.IfAbsent ? new BlobRequestConditions { IfNoneMatch = ETag.All } : null;

    private AccessTier? TierOf(ObjectName name, PutOptions options) =>
        (options.StorageClass ?? (AzureNaming.IsPack(name) ? settings.StorageClass : null)) is { } tier ? new AccessTier(tier) : default(AccessTier?);

    private void RequireEncrypted(ObjectName name, Response answer)
    {
        if (!answer.Headers.TryGetValue(EncryptedHeader, out var said) || !bool.TryParse(said, out var isEncrypted) || !isEncrypted)
        {
            throw new TargetException(TargetFault.Unsupported, $"'{name}' was put into {settings.DisplayName}, and the store does not say that it is encrypted there.");
        }
    }
}
