using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Where a vault is, in one text: the full path of a folder, or the address of a store. Everything that takes a vault by name goes through here, and what comes out of here is
/// what outputs, drives and the list of connected vaults hold.
/// </summary>
internal static class VaultPlace
{
    private const string FileScheme = "file://";

    /// <summary>Nothing needs to exist there, and no store is asked.</summary>
    /// <exception cref="RequestException">It is neither an address nor a path of the file system.</exception>
    public static string Parse(string given, SessionState session)
    {
        if (TargetUri.IsOne(given) && !given.StartsWith(FileScheme, StringComparison.OrdinalIgnoreCase))
        {
            return TargetUri.Parse(given).Canonical;
        }

        var resolved = session.Path.GetUnresolvedProviderPathFromPSPath(given, out var provider, out _);
        return Path.TrimEndingDirectorySeparator(FileSystemPaths.Require(provider, given, resolved));
    }

    public static bool IsRemote(string place) => TargetUri.IsOne(place);

    /// <summary>The vault's folder among those of this machine, which backups leave out and restores never write into; none where it lies elsewhere.</summary>
    public static IReadOnlyList<string> FoldersOf(string place) => IsRemote(place) ? [] : [place];

    public static bool IsSame(string left, string right) => IsRemote(left) || IsRemote(right)
        ? string.Equals(left, right, StringComparison.Ordinal)
        : string.Equals(
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(left)),
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(right)),
            OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
