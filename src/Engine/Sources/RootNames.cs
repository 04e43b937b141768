using System.Globalization;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// The names under which roots stand in a snapshot and come back in a restore: the last component of the path; <c>root</c> for
/// <c>/</c>, the letter for a drive, the share for a network path. A name that is taken gets <c>-2</c>, <c>-3</c> and so on in the
/// order given, so the first always keeps its plain name. Names that differ in case alone count as taken, since a restore may go to
/// a file system that folds case. The same path given twice is one root.
/// </summary>
public static class RootNames
{
    /// <param name="fullPaths">Absolute paths, in the platform's form.</param>
    public static IReadOnlyList<FileSystemRoot> Assign(IEnumerable<string> fullPaths)
    {
        var roots = new List<FileSystemRoot>();
        var paths = fullPaths.Select(Normalize).Distinct(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal).ToList();
        var plain = paths.Select(NameOf).ToList();
        var reserved = plain.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < paths.Count; i++)
        {
            var name = plain[i];
            for (var number = 2; !taken.Add(name); number++)
            {
                var candidate = string.Create(CultureInfo.InvariantCulture, $"{plain[i]}-{number}");
                name = reserved.Contains(candidate) ? name : candidate;
            }

            roots.Add(new FileSystemRoot(name, paths[i]));
        }

        return roots;
    }

    internal static string NameOf(string fullPath)
    {
        var parts = fullPath.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries);
        if (!OperatingSystem.IsWindows() && !IsWindowsPath(fullPath))
        {
            parts = fullPath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        }

        var last = parts.Length == 0 ? "root" : parts[^1];
        return last.Length == 2 && last[1] == ':' && IsWindowsPath(fullPath) ? last[..1] : last;
    }

    private static bool IsWindowsPath(string path) =>
        path.StartsWith(@"\\", StringComparison.Ordinal) || (path.Length >= 3 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] == '\\');

    private static string Normalize(string path)
    {
        if (!Path.IsPathFullyQualified(path))
        {
            throw new ArgumentException($"'{path}' is not an absolute path.", nameof(path));
        }

        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
    }
}
