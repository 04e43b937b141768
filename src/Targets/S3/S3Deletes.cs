using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.S3;

/// <summary>Deletes, of one object or of a thousand in a request.</summary>
internal sealed class S3Deletes(S3Client client, S3Settings settings, S3Naming naming)
{
    public const int MaxPerRequest = 1000;

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), ExpectedBucketOwner = settings.Owner };
        return client.SendAsync(S3Deed.Delete($"'{name}'"), (sdk, guard) => sdk.DeleteObjectAsync(request, guard.Token), cancellationToken);
    }

    public async Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken)
    {
        TargetException? refusal = null;
        foreach (var some in names.Chunk(MaxPerRequest))
        {
            refusal = await DeleteSomeAsync(some, cancellationToken) ?? refusal;
        }

        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private async Task<TargetException?> DeleteSomeAsync(ObjectName[] names, CancellationToken cancellationToken)
    {
        var request = new DeleteObjectsRequest
        {
            BucketName = settings.Bucket,
            Quiet = true,
            Objects = [.. names.Select(name => new KeyVersion { Key = naming.KeyOf(name) })],
            ExpectedBucketOwner = settings.Owner,
        };
        try
        {
            await client.SendAsync(S3Deed.Delete($"{names.Length} objects"), (sdk, guard) => sdk.DeleteObjectsAsync(request, guard.Token), cancellationToken);
            return null;
        }
        catch (DeleteObjectsException exception)
        {
            var first = exception.Response.DeleteErrors[0];
            var fault = first.Code is "AccessDenied" ? TargetFault.AccessDenied : TargetFault.Unavailable;
            return new TargetException(fault, $"'{naming.NameOf(first.Key)}' cannot be deleted in {settings.DisplayName} ({first.Code}).", exception);
        }
    }
}
