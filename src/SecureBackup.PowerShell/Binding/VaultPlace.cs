using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Where a vault is, in one text: the full path of a folder, the address of a store, or <c>target:</c> with the name of a registered one. Everything that takes a vault by name goes through here, and what comes out of here is
/// what outputs, drives and the list of connected vaults hold.
/// </summary>
internal static class VaultPlace
{
    private const string FileScheme = "file://";
    private const string NamedPrefix = "target:";

    /// <summary>Nothing needs to exist there, and no store is asked.</summary>
    /// <exception cref="RequestException">It is neither an address nor a path of the file system, or a name that may mean two places.</exception>
    public static string Parse(string given, SessionState session)
    {
        if (!IsNamed(given) || !HasDrive(session))
        {
            return Parse(given, Resolve);
        }

        return TargetRegistry.Default.Has(NameOf(given))
            ? throw new RequestException(FaultCodes.PlaceAmbiguous, $"'{given}' is a registered target, and this session has a drive '{NamedPrefix}'.")
            : Path.TrimEndingDirectorySeparator(Resolve(given));

        string Resolve(string path)
        {
            var resolved = session.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
            return FileSystemPaths.Require(provider, path, resolved);
        }
    }

    /// <param name="resolve">From a path as it is typed to a full one.</param>
    /// <inheritdoc cref="Parse(string, SessionState)"/>
    public static string Parse(string given, Func<string, string> resolve)
    {
        if (TargetUri.IsOne(given) && !given.StartsWith(FileScheme, StringComparison.OrdinalIgnoreCase))
        {
            return TargetUri.Parse(given).Canonical;
        }

        if (IsNamed(given))
        {
            TargetRegistry.RequireName(NameOf(given));
            return given;
        }

        if (!TargetRegistry.Default.Has(given))
        {
            return Path.TrimEndingDirectorySeparator(resolve(given));
        }

        return Directory.Exists(resolve(given))
            ? throw new RequestException(FaultCodes.PlaceAmbiguous, $"'{given}' is a registered target, and a folder here.")
            : Named(given);
    }

    public static string Named(string target) => NamedPrefix + target;

    public static bool IsNamed(string place) => place.StartsWith(NamedPrefix, StringComparison.Ordinal);

    public static string NameOf(string place) => place[NamedPrefix.Length..];

    public static bool IsRemote(string place) => TargetUri.IsOne(place) || IsNamed(place);

    /// <summary>The vault's folder among those of this machine, which backups leave out and restores never write into; none where it lies elsewhere.</summary>
    public static IReadOnlyList<string> FoldersOf(string place) => IsRemote(place) ? [] : [place];

    /// <summary>Whoever made a drive of that name means it.</summary>
    private static bool HasDrive(SessionState session) => session.Drive.GetAll().Any(static drive => drive.Name.Equals(NamedPrefix[..^1], StringComparison.OrdinalIgnoreCase));

    public static bool IsSame(string left, string right) => IsRemote(left) || IsRemote(right)
        ? string.Equals(left, right, StringComparison.Ordinal)
        : string.Equals(
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(left)),
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(right)),
            OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
