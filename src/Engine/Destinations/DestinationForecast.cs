using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations;

/// <summary>What would become of an entry.</summary>
/// <param name="IsWritten">Content would be written. What only looks the same counts as the same: in place it is compared when the restore runs.</param>
/// <param name="FreedBytes">What the file that would be replaced takes up now.</param>
public sealed record Foresight(bool IsWritten, long FreedBytes, DestinationFault? Fault);

/// <summary>A file system that a restore would write to. Temporaries lie beside their places, so they need no room elsewhere.</summary>
/// <param name="FreeBytes">As it says of itself, for this account.</param>
public sealed record DestinationSpace(string Path, long FreeBytes);

/// <summary>
/// Looks at a destination and changes nothing, not even making its folder. What it says holds for the moment at which it looked.
/// </summary>
public sealed class DestinationForecast : IDisposable
{
    private readonly DestinationSystem? _system;
    private readonly DestinationOptions _options;
    private readonly OriginalPlaces? _places;
    private readonly IReadOnlyList<string> _paths;
    private readonly ClosedWays _closed;

    /// <summary>For each path the first that lies on the same file system.</summary>
    private readonly List<string> _spaces;

    private DestinationForecast(DestinationSystem? system, DestinationOptions options, OriginalPlaces? places, IReadOnlyList<string> paths)
    {
        _system = system;
        _options = options;
        _places = places;
        _paths = paths;
        _spaces = SpacesOf(paths);
        _closed = ClosedWays.Below(places is null ? paths[0] : OriginalPlaces.Top, options.ClosedFolders);
    }

    /// <exception cref="DestinationException">It is no folder, or may not be looked at.</exception>
    public static DestinationForecast Of(string path, DestinationOptions options)
    {
        var full = Path.GetFullPath(path);
        return File.Exists(full)
            ? throw new DestinationException(FaultCodes.DestinationNotAFolder, $"'{full}' is a file.")
            : new DestinationForecast(DestinationOpening.TryLook(full, options), options, null, [full]);
    }

    /// <exception cref="RequestException">OriginalPlaceUnknown.</exception>
    public static DestinationForecast OfOriginal(IReadOnlyList<OriginalPlace> places, DestinationOptions options) => new(
        DestinationOpening.TryLook(OriginalPlaces.Top, options), options, new OriginalPlaces(places), [.. places.Select(static place => place.Path)]);

    /// <summary>Nothing stands there: all that is restored is written.</summary>
    internal bool IsFresh => _options is { Overwrite: null, InPlace: false };

    /// <summary>Each file system once, by the first of the paths on it.</summary>
    public IReadOnlyList<DestinationSpace> Spaces() =>
        [.. _spaces.Distinct(StringComparer.Ordinal).Select(static path => new DestinationSpace(path, new DriveInfo(NearestFolder(path)).AvailableFreeSpace))];

    /// <summary>Which of <see cref="Spaces"/> an entry lies on.</summary>
    public string SpaceOf(EntryPath path)
    {
        for (var i = 0; i < _places?.Places.Count; i++)
        {
            if (_places.Places[i].Name.Span.SequenceEqual(path[0]))
            {
                return _spaces[i];
            }
        }

        return _spaces[0];
    }

    public Foresight Foresee(DestinationEntry entry)
    {
        var names = _system?.Names ?? (OperatingSystem.IsWindows() ? NameHost.Windows : OperatingSystem.IsMacOS() ? NameHost.MacOS : NameHost.Linux);
        if (NameRules.Refuse(entry.Path, entry.Origin, names) is { } refusal)
        {
            return new Foresight(false, 0, refusal);
        }

        if (_system is null)
        {
            return new Foresight(true, 0, null);
        }

        if (!_system.CanMake(entry.Metadata.Kind))
        {
            return new Foresight(
                false, 0, new DestinationFault(FaultCodes.UnsupportedEntryKind, entry.Path.ToString(), $"'{entry.Path}' is of kind {entry.Metadata.Kind}, which cannot be made here."));
        }

        try
        {
            return Judge(entry, Look(entry.Path));
        }
        catch (FolderException failure)
        {
            return new Foresight(false, 0, DestinationErrors.ToFault(failure, entry, _paths[0]));
        }
    }

    /// <summary>Where this account may not write, as far as that shows at the top of each place.</summary>
    public IReadOnlyList<DestinationFault> MissingRights() => [.. _paths.Select(MissingRightAt).OfType<DestinationFault>()];

    private DestinationFault? MissingRightAt(string path)
    {
        try
        {
            using var system = DestinationOpening.TryLook(NearestFolder(path), _options);
            system?.CheckWritable();
            return null;
        }
        catch (FolderException failure)
        {
            return new DestinationFault(FaultCodes.DestinationReadOnly, path, $"'{path}' cannot be written to ({failure.Message}).");
        }
        catch (DestinationException failure)
        {
            return new DestinationFault(failure.Code, path, failure.Message);
        }
    }

    /// <summary>Whether something else is mounted on a folder; what cannot be looked at counts as if.</summary>
    public bool IsMountPoint(EntryPath folder)
    {
        try
        {
            return Look(folder)?.IsMountPoint == true;
        }
        catch (FolderException)
        {
            return true;
        }
    }

    public void Dispose() => _system?.Dispose();

    private Foresight Judge(DestinationEntry entry, ExistingEntry? existing)
    {
        if (existing is null)
        {
            return new Foresight(true, 0, null);
        }

        if (existing.Kind == EntryKind.Directory != (entry.Metadata.Kind == EntryKind.Directory) && existing.Kind == EntryKind.Directory)
        {
            var message = $"A folder stands where '{entry.Path}' belongs.";
            return new Foresight(false, 0, new DestinationFault(FaultCodes.EntryInTheWay, entry.Path.ToString(), message));
        }

        var mode = _options.InPlace ? OverwriteMode.IfDifferent : _options.Overwrite ?? OverwriteMode.Never;
        var isWritten = OverwriteDecision.Decide(mode, entry.Metadata, existing) == PrepareVerdict.Content;
        return new Foresight(isWritten, isWritten && existing is { Kind: EntryKind.File, LinkCount: 1 } ? existing.SizeBytes : 0, null);
    }

    private ExistingEntry? Look(EntryPath path)
    {
        var way = _places?.WayTo(path) ?? path.Components;
        if (way.Count == 0)
        {
            return null;
        }

        _closed.Require(way);
        try
        {
            using var folder = _system!.OpenFolder([.. way.Take(way.Count - 1)]);
            return folder.Look([.. way[^1]]);
        }
        catch (FolderException failure) when (failure.Error == FolderError.NotFound)
        {
            return null;
        }
    }

    private static List<string> SpacesOf(IReadOnlyList<string> paths)
    {
        var firsts = new Dictionary<string, string>(StringComparer.Ordinal);
        return [.. paths.Select(path =>
        {
            var id = FileSystemIds.Of(NearestFolder(path));
            firsts.TryAdd(id, path);
            return firsts[id];
        })];
    }

    private static string NearestFolder(string path)
    {
        while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { Length: > 0 } parent)
        {
            path = parent;
        }

        return path;
    }
}
