using System.Security.Cryptography;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Sums of bodies: those that came are proved, and where the contract demands one it must have come.</summary>
internal static class S3Checksums
{
    private const string Prefix = "x-amz-checksum-";

    public static void Require(S3Call call, S3Operation operation, S3DoubleOptions options)
    {
        var md5 = call.Header("Content-MD5");
        if (md5 is not null && !(options.TakesAnyPolicy && operation.Name is "PutBucketPolicy") && md5 != Convert.ToBase64String(MD5.HashData(call.Body)))
        {
            throw new S3RefusalException(400, "BadDigest");
        }

        var sums = call.Context.Request.Headers.Where(static header => header.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !header.Key.EndsWith("-algorithm", StringComparison.OrdinalIgnoreCase))
            .Where(static header => !header.Key.EndsWith("-mode", StringComparison.OrdinalIgnoreCase) && !header.Key.EndsWith("-type", StringComparison.OrdinalIgnoreCase)).ToList();
        if (options.RefusesChecksums && (sums.Count > 0 || call.Header("x-amz-sdk-checksum-algorithm") is not null || call.Header("x-amz-trailer") is not null))
        {
            throw new S3RefusalException(400, "InvalidArgument", message: "Unsupported header received for this API call.");
        }

        foreach (var (name, value) in sums)
        {
            if (!options.IgnoresChecksums && Sum(name[Prefix.Length..].ToLowerInvariant(), call.Body) is { } right && right != value)
            {
                throw new S3RefusalException(400, "BadDigest");
            }
        }

        var hasLock = call.Header("x-amz-object-lock-mode") is not null || call.Header("x-amz-object-lock-legal-hold") is not null;
        var isDemanded = operation.Name is "DeleteObjects" or "PutObjectRetention" or "PutObjectLegalHold" or "PutObjectLockConfiguration" or "PutBucketLifecycleConfiguration" || (hasLock && operation.Name is "PutObject");
        if (isDemanded && md5 is null && sums.Count == 0)
        {
            throw new S3RefusalException(400, "InvalidRequest");
        }
    }

    /// <summary>Null for sums that nobody here computes.</summary>
    private static string? Sum(string algorithm, byte[] body) => algorithm switch
    {
        "sha256" => Convert.ToBase64String(SHA256.HashData(body)),
        "sha1" => Convert.ToBase64String(SHA1.HashData(body)),
        "crc32" => Convert.ToBase64String([.. System.IO.Hashing.Crc32.Hash(body).Reverse()]),
        _ => null,
    };
}
