using System.Collections.ObjectModel;
using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.PowerShell.Binding;

/// <summary>From what people type to paths of the file system.</summary>
internal static class FileSystemPaths
{
    private const string FileSystemProvider = "FileSystem";

    public static string Require(ProviderInfo provider, string given, string resolved) =>
        string.Equals(provider.Name, FileSystemProvider, StringComparison.OrdinalIgnoreCase)
            ? resolved
            : throw new RequestException(FaultCodes.NotAFileSystemPath, $"'{given}' belongs to the provider {provider.Name}, not to the file system.");

    /// <summary>
    /// The roots of a backup. A path without wildcards need not exist here: the source says best what is wrong with it.
    /// One with wildcards that matches nothing is an error, so that a typing error never makes an empty backup.
    /// </summary>
    public static IReadOnlyList<string> ResolveRoots(SessionState session, IEnumerable<string> paths, bool isLiteral)
    {
        var roots = new List<string>();
        foreach (var path in paths)
        {
            if (isLiteral || !WildcardPattern.ContainsWildcardCharacters(path))
            {
                var resolved = session.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
                roots.Add(Require(provider, path, resolved));
            }
            else
            {
                roots.AddRange(Expand(session, path));
            }
        }

        return [.. roots.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>A restore into the vault would mix customer files with the vault's objects.</summary>
    public static void RequireOutside(string destination, string vault)
    {
        if (VaultPlace.IsRemote(vault))
        {
            return;
        }

        var real = RealPaths.Of(vault);
        for (var folder = RealPaths.Of(destination); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (VaultPlace.IsSame(folder, real))
            {
                throw new RequestException(FaultCodes.DestinationInsideVault, $"'{destination}' lies in the vault {vault}.");
            }
        }
    }

    private static Collection<string> Expand(SessionState session, string path)
    {
        Collection<string> matches;
        ProviderInfo provider;
        try
        {
            matches = session.Path.GetResolvedProviderPathFromPSPath(path, out provider);
        }
        catch (ItemNotFoundException exception)
        {
            throw new RequestException(FaultCodes.NothingMatchesPath, $"Nothing matches '{path}'.", exception);
        }

        if (matches.Count == 0)
        {
            throw new RequestException(FaultCodes.NothingMatchesPath, $"Nothing matches '{path}'.");
        }

        Require(provider, path, matches[0]);
        return matches;
    }
}
