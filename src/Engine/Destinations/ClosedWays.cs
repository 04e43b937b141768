using System.Text;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// Ways from the top of a destination that lead into folders in which no restore makes or removes anything. A destination enters no link, so each folder has one way, and
/// names suffice.
/// </summary>
internal sealed class ClosedWays
{
    private readonly List<string[]> _ways;

    private ClosedWays(List<string[]> ways)
    {
        _ways = ways;
    }

    /// <param name="top">The destination.</param>
    /// <param name="folders">Full paths; what does not lie in the destination is no concern of its.</param>
    internal static ClosedWays Below(string top, IReadOnlyList<string> folders)
    {
        var way = ComponentsOf(top);
        return new ClosedWays([.. folders.Select(ComponentsOf).Where(folder => Begins(folder, way)).Select(folder => folder[way.Length..])]);
    }

    /// <exception cref="FolderException">The way ends at a closed folder or in one.</exception>
    internal void Require(IReadOnlyList<byte[]> way)
    {
        foreach (var closed in _ways)
        {
            if (closed.Length <= way.Count && closed.Select((name, i) => IsSame(name, Encoding.UTF8.GetString(way[i]))).All(static isSame => isSame))
            {
                throw new FolderException(FolderError.Closed, "it belongs to SecureBackup itself");
            }
        }
    }

    private static bool Begins(string[] folder, string[] top) => top.Length <= folder.Length && top.Zip(folder, IsSame).All(static isSame => isSame);

    /// <summary>A file system may find a name under other letters: then a folder too many is left, and never one too few.</summary>
    private static bool IsSame(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private static string[] ComponentsOf(string path)
    {
        var real = RealPaths.Of(path);
        var top = Path.GetPathRoot(real)!;
        return [.. DriveOf(top), .. real[top.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries)];
    }

    /// <summary>As <see cref="OriginalPlaces"/> spells drives; none where there is one top for all.</summary>
    private static string[] DriveOf(string top) => OperatingSystem.IsWindows() && !string.Equals(top, OriginalPlaces.Top, StringComparison.Ordinal) ? [OriginalPlaces.DriveOf(top)] : [];
}
