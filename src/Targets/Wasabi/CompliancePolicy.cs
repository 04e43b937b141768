using System.Xml.Linq;

namespace SecureBackup.Targets.Wasabi;

/// <summary>Wasabi's own way to keep objects, older than Object Lock and never on one bucket with it: every object of the bucket, for some days.</summary>
internal static class CompliancePolicy
{
    public const string Query = "compliance";
    public const string Root = "BucketComplianceConfiguration";

    /// <summary>Null where the policy is off.</summary>
    public static string? Describe(XElement policy)
    {
        if (!string.Equals(Text(policy, "Status"), "enabled", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var end = Text(policy, "LockTime") is { Length: > 0 } time and not "off" ? $", locked from {time} on" : "";
        var hold = string.Equals(Text(policy, "ConditionalHold"), "true", StringComparison.OrdinalIgnoreCase) ? ", new objects held" : "";
        return $"compliance policy of {Text(policy, "RetentionDays") ?? "0"} days{end}{hold}";
    }

    private static string? Text(XElement policy, string name) => policy.Elements().FirstOrDefault(child => string.Equals(child.Name.LocalName, name, StringComparison.Ordinal))?.Value.Trim();
}
