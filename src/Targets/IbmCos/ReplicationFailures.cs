using System.Globalization;
using System.Xml.Linq;

namespace SecureBackup.Targets.IbmCos;

/// <summary>What could not be copied to the other region: IBM lists it, and tries again only when it is asked to.</summary>
internal static class ReplicationFailures
{
    /// <summary>One page tells whether there are any.</summary>
    public const string Query = "ibm-replication-failures=&max-keys=1000";
    public const string Root = "ListReplicationFailureResult";

    public static string Describe(XElement listing)
    {
        var count = listing.Elements().Count(static child => child.Name.LocalName is "Contents");
        var isMore = listing.Elements().Any(static child => child is { Name.LocalName: "IsTruncated", Value: "true" });
        return count == 0 ? "nothing failed" : string.Create(CultureInfo.InvariantCulture, $"{count}{(isMore ? " or more" : "")} objects failed");
    }
}
