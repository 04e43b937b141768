using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>Tiers, of which one cannot be read.</summary>
internal static class AzureTiers
{
    public const string Archive = "Archive";

    public static ObjectAccess AccessOf(string? tier, string? archiveStatus) => string.Equals(tier, Archive, StringComparison.OrdinalIgnoreCase)
        ? string.IsNullOrEmpty(archiveStatus) ? ObjectAccess.Cold : ObjectAccess.Warming
        : ObjectAccess.Ready;
}
