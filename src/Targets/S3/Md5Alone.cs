using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Takes the checksum headers of S3's newer kind off every request: there are stores that refuse a request with one. What the SDK would prove by them is proved by
/// Content-MD5, and bodies of objects by their signature as ever.
/// </summary>
internal sealed class Md5Alone : PipelineHandler
{
    private const string Md5 = "Content-MD5";

    public override Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        var request = executionContext.RequestContext.Request;
        var checksums = request.Headers.Keys.Where(static name => IsChecksum(name)).ToList();
        if (checksums.Count > 0 && !request.Headers.ContainsKey(Md5) && HashOf(request) is { } hash)
        {
            request.Headers[Md5] = Convert.ToBase64String(hash);
        }

        checksums.ForEach(name => request.Headers.Remove(name));
        return base.InvokeAsync<T>(executionContext);
    }

    /// <summary>Of the documents that the SDK writes itself, and keeps as bytes or as a stream; objects come with a sum of their own. Null where there is no body.</summary>
    private static byte[]? HashOf(IRequest request)
    {
        if (request.Content is { } bytes)
        {
            return CryptographicOperations.HashData(HashAlgorithmName.MD5, bytes);
        }

        if (request.ContentStream is not { CanSeek: true } stream)
        {
            return null;
        }

        var start = stream.Position;
        var hash = CryptographicOperations.HashData(HashAlgorithmName.MD5, stream);
        stream.Position = start;
        return hash;
    }

    private static bool IsChecksum(string name) =>
        name.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase) || name.Equals("x-amz-sdk-checksum-algorithm", StringComparison.OrdinalIgnoreCase);
}
