using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3.Model;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Signs a body by the SHA-256 that its request names. By itself the SDK reads the body once more to hash it (0.55 s for each GB), and signs what it has read
/// instead of what was announced, so that the server could not find the difference.
/// </summary>
internal sealed class PayloadHash : PipelineHandler
{
    public override Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        var named = executionContext.RequestContext.OriginalRequest switch
        {
            PutObjectRequest put => put.ChecksumSHA256,
            UploadPartRequest part => part.ChecksumSHA256,
            _ => null,
        };
        if (named is not null && executionContext.RequestContext.Request is DefaultRequest request)
        {
            SignedHash(request) = Convert.ToHexStringLower(Convert.FromBase64String(named));
        }

        return base.InvokeAsync<T>(executionContext);
    }

    /// <summary>Where the SDK keeps the hash once it has computed it. A test sees each body read once, and a wrong hash refused by the server.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "contentStreamHash")]
    private static extern ref string? SignedHash(DefaultRequest request);
}
