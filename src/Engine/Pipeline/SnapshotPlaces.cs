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
    public static IReadOnlyList<OriginalPlace> Of(OwnerPart snapshot)
    {
        if (snapshot.Roots.Count == 0)
        {
            throw new RequestException(FaultCodes.OriginalPlaceUnknown, "The snapshot names no places: it was not made from files.");
        }

        return snapshot.Roots.FirstOrDefault(static root => !string.Equals(root.Platform, Platform, StringComparison.Ordinal)) is { } foreign
            ? throw new RequestException(FaultCodes.OriginalPlaceUnknown, $"The root '{foreign.OriginalPath}' was on {foreign.Platform}; this is {Platform}.")
            : [.. snapshot.Roots.Select(static root => new OriginalPlace(root.Name, root.OriginalPath))];
    }
}
