using System.Xml.Linq;

namespace SecureBackup.Targets.IbmCos;

/// <summary>IBM's own Immutable Object Storage: a retention of every object of the bucket, which excludes versions, and with them object lock and replication. It can never be taken off.</summary>
internal static class ProtectionPolicy
{
    public const string Query = "protection";
    public const string Root = "ProtectionConfiguration";

    /// <summary>Null where there is none.</summary>
    public static string? Describe(XElement policy)
    {
        if (!string.Equals(Text(policy, "Status"), "Retention", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var isPermanent = string.Equals(Text(policy, "EnablePermanentRetention"), "true", StringComparison.OrdinalIgnoreCase);
        return $"retention policy of {Days(policy, "MinimumRetention")} to {Days(policy, "MaximumRetention")} days, {Days(policy, "DefaultRetention")} where a put names none{(isPermanent ? ", permanent retention allowed" : "")}";
    }

    private static string Days(XElement policy, string name) => Child(policy, name) is { } period ? Text(period, "Days") ?? "0" : "0";

    private static string? Text(XElement element, string name) => Child(element, name)?.Value.Trim();

    private static XElement? Child(XElement element, string name) => element.Elements().FirstOrDefault(child => string.Equals(child.Name.LocalName, name, StringComparison.Ordinal));
}
