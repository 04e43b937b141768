using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Where the roots of a snapshot were, if this is a machine of that kind.</summary>
public static class SnapshotPlaces
{
    /// <summary>As a snapshot names the platform that this is.</summary>
    public static string Platform { get; } = OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux";

    /// <exception cref="RequestException">OriginalPlaceUnknown.</exception>
    public static IReadOnlyList<OriginalPlace> Of(VaultReader vault, Snapshot snapshot)
    {
        var roots = vault.OpenOwnerPart(snapshot).Roots;
        if (roots.Count == 0)
        {
            throw new RequestException(FaultCodes.OriginalPlaceUnknown, $"The snapshot {snapshot.Id} names no places: it was not made from files.");
        }

        return roots.FirstOrDefault(static root => !string.Equals(root.Platform, Platform, StringComparison.Ordinal)) is { } foreign
            ? throw new RequestException(FaultCodes.OriginalPlaceUnknown, $"The root '{foreign.OriginalPath}' was on {foreign.Platform}; this is {Platform}.")
            : [.. roots.Select(static root => new OriginalPlace(root.Name, root.OriginalPath))];
    }
}
