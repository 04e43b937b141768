using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Rights of a credential, found out by using them: on objects that were put for that, and on settings of the bucket by requests that no store can carry out, since their body is not
/// what its checksum says. Who has no right is refused before the body is looked at. A store that carries one out all the same gets back what was there.
/// </summary>
internal sealed class S3Rights(S3Client client, S3Settings settings, S3Facts facts)
{
    private const string PolicyRight = "s3:PutBucketPolicy";

    /// <summary>Neither a policy nor the sum of one.</summary>
    private const string NoPolicy = "none";

    private const string NoSum = "AAAAAAAAAAAAAAAAAAAAAA==";

    /// <summary>For what must be put back whoever stops.</summary>
    private static readonly TimeSpan RestoringTime = TimeSpan.FromSeconds(15);

    private readonly S3Naming _naming = new(settings.Prefix);

    /// <exception cref="TargetException"><c>AccessDenied</c>, <c>Unsupported</c>: the policy cannot be read. What could not be put back is not tried.</exception>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellationToken)
    {
        var before = await ReadPolicyAsync(cancellationToken);
        TargetException? refusal = null;
        var isAnswered = false;
        try
        {
            var request = new PutBucketPolicyRequest { BucketName = settings.Bucket, Policy = NoPolicy, ContentMD5 = NoSum, ExpectedBucketOwner = settings.Owner };
            await client.SendAsync(S3Deed.Place("Rights cannot be asked for", PolicyRight), (sdk, guard) => sdk.PutBucketPolicyAsync(request, guard.Token), cancellationToken);
            isAnswered = true;
        }
        catch (TargetException exception)
        {
            refusal = exception;
            isAnswered = exception.InnerException is AmazonServiceException { StatusCode: HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented };
        }
        finally
        {
            // No refusal, or no answer: nobody knows what stands there now.
            if (refusal is null || !isAnswered)
            {
                await RestoreAsync(before);
            }
        }

        return refusal switch
        {
            null => [PolicyRight],
            { InnerException: AmazonServiceException { StatusCode: HttpStatusCode.BadRequest } } => [PolicyRight],
            _ when isAnswered => [],
            _ => throw refusal,
        };
    }

    public async Task<bool?> CanShortenAsync(ObjectName name, ObjectLock shorter, CancellationToken cancellationToken)
    {
        var request = new PutObjectRetentionRequest
        {
            BucketName = settings.Bucket,
            Key = _naming.KeyOf(name),
            Retention = new ObjectLockRetention { Mode = shorter.Mode == LockMode.Compliance ? ObjectLockRetentionMode.Compliance : ObjectLockRetentionMode.Governance, RetainUntilDate = shorter.Until.UtcDateTime },
            ExpectedBucketOwner = settings.Owner,
        };
        return await TryAsync(new S3Deed($"The lock of '{name}' cannot be set", "lock objects", "s3:PutObjectRetention") { Name = name, HasLock = true }, (sdk, token) => sdk.PutObjectRetentionAsync(request, token), cancellationToken);
    }

    public async Task<bool?> CanLiftAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var head = new GetObjectMetadataRequest { BucketName = settings.Bucket, Key = _naming.KeyOf(name), ExpectedBucketOwner = settings.Owner };
        var found = await client.SendAsync(S3Deed.Read(name), (sdk, guard) => sdk.GetObjectMetadataAsync(head, guard.Token), cancellationToken);
        var request = new DeleteObjectRequest { BucketName = settings.Bucket, Key = _naming.KeyOf(name), VersionId = found.Value.VersionId, BypassGovernanceRetention = true, ExpectedBucketOwner = settings.Owner };
        return await TryAsync(S3Deed.Delete($"'{name}'"), (sdk, token) => sdk.DeleteObjectAsync(request, token), cancellationToken);
    }

    private async Task<bool> TryAsync<T>(S3Deed deed, Func<IAmazonS3, CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync(deed, (sdk, guard) => send(sdk, guard.Token), cancellationToken);
            return true;
        }
        catch (TargetException exception) when (exception.InnerException is AmazonServiceException { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.BadRequest or HttpStatusCode.Conflict or HttpStatusCode.NotImplemented })
        {
            return false;
        }
    }

    private async Task<string?> ReadPolicyAsync(CancellationToken cancellationToken) => (await facts.ReadAsync(SetupItem.TransportPolicy, cancellationToken)).State switch
    {
        FactState.Known => facts.Policy,
        FactState.Denied => throw new TargetException(TargetFault.AccessDenied, $"The policy of {settings.DisplayName} may not be read, so it is not tried whether it may be changed."),
        _ => throw new TargetException(TargetFault.Unsupported, $"{settings.DisplayName} has no policies."),
    };

    private async Task RestoreAsync(string? before)
    {
        using var restoring = new CancellationTokenSource(RestoringTime);
        if ((await facts.ReadAsync(SetupItem.TransportPolicy, restoring.Token)).State == FactState.Known && string.Equals(facts.Policy, before, StringComparison.Ordinal))
        {
            return;
        }

        if (before is null)
        {
            var none = new DeleteBucketPolicyRequest { BucketName = settings.Bucket, ExpectedBucketOwner = settings.Owner };
            await client.SendAsync(S3Deed.Place("The policy that a check put cannot be taken away", "s3:DeleteBucketPolicy"), (sdk, guard) => sdk.DeleteBucketPolicyAsync(none, guard.Token), restoring.Token);
        }
        else
        {
            var request = new PutBucketPolicyRequest { BucketName = settings.Bucket, Policy = before, ExpectedBucketOwner = settings.Owner };
            await client.SendAsync(S3Deed.Place("The policy that was there cannot be put back", PolicyRight), (sdk, guard) => sdk.PutBucketPolicyAsync(request, guard.Token), restoring.Token);
        }
    }
}
