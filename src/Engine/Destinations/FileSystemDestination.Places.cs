using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>Where entries lie: below one folder, or where the roots of their snapshot were.</summary>
public sealed partial class FileSystemDestination
{
    private readonly OriginalPlaces? _places;

    /// <summary>Opens the places where a snapshot's roots were, to restore in place. Nothing is made that was not there before, but for what the entries say.</summary>
    /// <exception cref="RequestException">OriginalPlaceUnknown.</exception>
    public static FileSystemDestination OpenOriginal(IReadOnlyList<OriginalPlace> places, DestinationOptions options) =>
        DestinationOpening.OpenOriginal(new OriginalPlaces(places), options);

    internal DestinationFolder OpenParent(EntryPath path)
    {
        var way = WayTo(path);
        _closed.Require(way);
        var parent = new byte[way.Count - 1][];
        for (var i = 0; i < parent.Length; i++)
        {
            parent[i] = way[i];
        }

        return Host.OpenFolder(parent);
    }

    /// <summary>The name of an entry in its parent folder.</summary>
    internal byte[] NameOf(EntryPath path) => WayTo(path)[^1];

    private IReadOnlyList<byte[]> WayTo(EntryPath path)
    {
        var way = _places?.WayTo(path) ?? path.Components;
        return way.Count > 0 ? way : throw new FolderException(FolderError.Refused, "it is the top of a file system");
    }

    /// <summary>The top of a file system is nobody's to make or to give attributes to.</summary>
    private bool IsTop(EntryPath path) => _places is not null && path.Depth == 1 && _places.WayTo(path).Count <= (OperatingSystem.IsWindows() ? 1 : 0);
}
