using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>The access list of a bucket: asked for as a document, put by headers.</summary>
internal static class S3AccessLists
{
    private const string Owner = "owner";

    private static readonly XNamespace Instance = "http://www.w3.org/2001/XMLSchema-instance";

    private static readonly Dictionary<string, string> Headers = new(StringComparer.Ordinal)
    {
        ["x-amz-grant-full-control"] = "FULL_CONTROL",
        ["x-amz-grant-read"] = "READ",
        ["x-amz-grant-write"] = "WRITE",
        ["x-amz-grant-read-acp"] = "READ_ACP",
        ["x-amz-grant-write-acp"] = "WRITE_ACP",
    };

    public static Task Get(S3Call call, S3Bucket bucket) => call.AnswerAsync(200, new XElement(
        "AccessControlPolicy",
        new XElement("Owner", new XElement("ID", Owner)),
        new XElement("AccessControlList", bucket.Grants.Prepend((Grantee: Owner, Permission: "FULL_CONTROL")).Select(static grant => new XElement(
            "Grant",
            new XElement("Grantee", new XAttribute(XNamespace.Xmlns + "xsi", Instance), new XAttribute(Instance + "type", IsGroup(grant.Grantee) ? "Group" : "CanonicalUser"), new XElement(IsGroup(grant.Grantee) ? "URI" : "ID", grant.Grantee)),
            new XElement("Permission", grant.Permission))))));

    public static Task Put(S3Call call, S3Bucket bucket)
    {
        var given = Headers.SelectMany(header => (call.Header(header.Key) ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(grantee => (Grantee: grantee.Split('"')[1], Permission: header.Value))).ToList();
        bucket.Grants.Clear();
        bucket.Grants.AddRange(given.Where(static grant => grant.Grantee is not Owner));
        return call.AnswerAsync(200);
    }

    /// <summary>Lists cannot be turned off where one gives others something.</summary>
    public static bool Forbids(S3Call call, S3Bucket bucket) => bucket.Grants.Count > 0 && call.Xml().Value.Contains("BucketOwnerEnforced", StringComparison.Ordinal);

    private static bool IsGroup(string grantee) => grantee.StartsWith("http", StringComparison.Ordinal);
}
