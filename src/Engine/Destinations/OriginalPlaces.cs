using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>A root of a snapshot and where it was.</summary>
/// <param name="Name">The first component of its entries' paths.</param>
/// <param name="Path">Absolute, in this platform's form.</param>
public sealed record OriginalPlace(ReadOnlyMemory<byte> Name, string Path);

/// <summary>
/// Where the roots of a snapshot were, as ways from the top of the file system: each is entered component by component through no link, like every other way of
/// a restore, so that nobody who turned a parent into a link since can lead it elsewhere.
/// </summary>
internal sealed class OriginalPlaces
{
    private readonly List<(byte[] Name, byte[][] Way)> _roots;

    /// <exception cref="RequestException">OriginalPlaceUnknown.</exception>
    internal OriginalPlaces(IReadOnlyList<OriginalPlace> places)
    {
        Places = places;
        _roots = [.. places.Select(place => (place.Name.ToArray(), WayOf(place.Path)))];
        foreach (var (outer, inner) in _roots.SelectMany(outer => _roots.Where(inner => inner != outer).Select(inner => (outer, inner))))
        {
            if (new EntryPath(outer.Way).IsAncestorOrSelfOf(new EntryPath(inner.Way)))
            {
                throw new RequestException(
                    FaultCodes.OriginalPlaceUnknown, $"The root '{EntryName.ToDisplay(inner.Name)}' lay within the root '{EntryName.ToDisplay(outer.Name)}', so both cannot go back to where they were at once.");
            }
        }
    }

    internal IReadOnlyList<OriginalPlace> Places { get; }

    /// <summary>The top from which all ways lead.</summary>
    internal static string Top => OperatingSystem.IsWindows() ? @"\\?\" : "/";

    /// <summary>The way to an entry; empty where the entry is the top of a file system itself.</summary>
    internal IReadOnlyList<byte[]> WayTo(EntryPath path)
    {
        foreach (var (name, way) in _roots)
        {
            if (path.Depth > 0 && path[0].SequenceEqual(name))
            {
                return [.. way, .. path.Components.Skip(1)];
            }
        }

        throw new FolderException(FolderError.Refused, "nothing says where it was");
    }

    private static byte[][] WayOf(string path)
    {
        if (!Path.IsPathFullyQualified(path) || path.Contains('\uFFFD', StringComparison.Ordinal))
        {
            throw new RequestException(FaultCodes.OriginalPlaceUnknown, $"'{path}' is no place that this system can find again.");
        }

        var top = Path.GetPathRoot(path)!;
        var below = path[top.Length..].Split(OperatingSystem.IsWindows() ? ['\\', '/'] : ['/'], StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes);
        return OperatingSystem.IsWindows() ? [Encoding.UTF8.GetBytes(DriveOf(top)), .. below] : [.. below];
    }

    /// <summary>As it stands behind <see cref="Top"/>: <c>C:\</c>, <c>UNC\server\share\</c>.</summary>
    internal static string DriveOf(string top) => Path.TrimEndingDirectorySeparator(top.StartsWith(@"\\", StringComparison.Ordinal) ? @"UNC\" + top[2..] : top) + @"\";
}
