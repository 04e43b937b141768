using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.S3;

/// <summary>What a request to an S3 store is counted as, by its method and what stands in its query.</summary>
internal static class S3Requests
{
    private static readonly string[] ListKeys = ["list-type", "prefix", "versions", "marker", "max-keys", "encoding-type"];

    /// <summary>Settings of the bucket, of locks and of uploads.</summary>
    private static readonly string[] OtherKeys =
    [
        "uploads", "retention", "legal-hold", "restore", "versioning", "object-lock", "location", "encryption", "lifecycle", "policy", "policyStatus",
        "publicAccessBlock", "ownershipControls", "replication", "acl", "compliance", "protection", "ibm-replication-failures",
    ];

    public static RequestKind? Classify(HttpRequestMessage request)
    {
        var keys = request.RequestUri!.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split('=', 2)[0]).ToList();
        if (keys.Any(static key => OtherKeys.Contains(key, StringComparer.Ordinal)))
        {
            return RequestKind.Other;
        }

        return request.Method.Method switch
        {
            "PUT" => RequestKind.Put,
            "HEAD" => RequestKind.Stat,
            "GET" when keys.Any(static key => ListKeys.Contains(key, StringComparer.Ordinal)) => RequestKind.List,
            "GET" => RequestKind.Get,
            "POST" when keys.Contains("delete", StringComparer.Ordinal) => RequestKind.Delete,
            "DELETE" when !keys.Contains("uploadId", StringComparer.Ordinal) => RequestKind.Delete,
            _ => RequestKind.Other,
        };
    }
}
