using SecureBackup.Engine.Destinations.Linux;
using SecureBackup.Engine.Destinations.Portable;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations;

/// <summary>Everything that can be known to be wrong with a destination before the first entry comes.</summary>
internal static class DestinationOpening
{
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static FileSystemDestination Open(string path, DestinationOptions options)
    {
        if (File.Exists(path))
        {
            throw new DestinationException(FaultCodes.DestinationNotAFolder, $"'{path}' is a file.");
        }

        try
        {
            Directory.CreateDirectory(path);
            if (options is { Overwrite: null, InPlace: false } && Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw new DestinationException(FaultCodes.DestinationNotEmpty, $"'{path}' is not empty.");
            }

            return OpenSystem(path, options);
        }
        catch (FolderException failure)
        {
            throw DestinationErrors.ToException(failure, path);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new DestinationException(FaultCodes.DestinationReadOnly, $"'{path}': {failure.Message}", failure);
        }
        catch (IOException failure)
        {
            var isBehindFile = Ancestors(path).Any(File.Exists);
            var code = isBehindFile ? FaultCodes.DestinationNotAFolder
                : failure.HResult is LinuxErrno.NoSpace or WindowsDiskFull ? FaultCodes.DestinationFull
                : FaultCodes.DestinationReadOnly;
            throw new DestinationException(code, $"'{path}': {failure.Message}", failure);
        }
    }

    /// <summary>The top of the file system, without asking whether it may be written to: nothing is.</summary>
    public static FileSystemDestination OpenOriginal(OriginalPlaces places, DestinationOptions options)
    {
        var name = string.Join(", ", places.Places.Select(static place => place.Path));
        try
        {
            return new FileSystemDestination(name, CreateSystem(OriginalPlaces.Top, options), options, places);
        }
        catch (FolderException failure)
        {
            throw DestinationErrors.ToException(failure, name);
        }
    }

    /// <summary>A folder as it is, to look at; null where there is none yet.</summary>
    public static DestinationSystem? TryLook(string path, DestinationOptions options)
    {
        try
        {
            return Directory.Exists(path) ? CreateSystem(path, options) : null;
        }
        catch (FolderException failure)
        {
            throw DestinationErrors.ToException(failure, path);
        }
    }

    private static FileSystemDestination OpenSystem(string path, DestinationOptions options)
    {
        var system = CreateSystem(path, options);
        try
        {
            system.CheckWritable();
            return new FileSystemDestination(path, system, options);
        }
        catch (FolderException)
        {
            system.Dispose();
            throw;
        }
    }

    private static DestinationSystem CreateSystem(string path, DestinationOptions options)
    {
        if (OperatingSystem.IsLinux())
        {
            return new LinuxDestinationSystem(path, options);
        }

        return new PortableDestinationSystem(path, options);
    }

    private static IEnumerable<string> Ancestors(string path)
    {
        for (var parent = Path.GetDirectoryName(path); parent is not null; parent = Path.GetDirectoryName(parent))
        {
            yield return parent;
        }
    }
}
