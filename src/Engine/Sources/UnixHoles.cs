using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>Finds the holes of an open file.</summary>
internal static class UnixHoles
{
    /// <summary>Holes are hints: a file torn into more pieces keeps the first ones and reads the others as zeros.</summary>
    private const int MaxHoles = 65_536;

    /// <summary>Ascending, not touching, within the size; none where the file system cannot say.</summary>
    public static IReadOnlyList<FileExtent> Find(UnixFiles files, SafeFileHandle handle, long sizeBytes)
    {
        var holes = new List<FileExtent>();
        for (long position = 0; position < sizeBytes && holes.Count < MaxHoles;)
        {
            var hole = files.FindHole(handle, position);
            if (hole < 0 || hole >= sizeBytes)
            {
                break;
            }

            // ENXIO: no data up to the end.
            var data = files.FindData(handle, hole);
            var end = data < 0 || data > sizeBytes ? sizeBytes : data;
            if (end <= hole)
            {
                break;
            }

            holes.Add(new FileExtent(hole, end - hole));
            position = end;
        }

        return holes;
    }
}
