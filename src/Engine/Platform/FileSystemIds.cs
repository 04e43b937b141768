using System.Globalization;
using System.Text;

namespace SecureBackup.Engine.Platform;

/// <summary>Which file system a folder lies on.</summary>
internal static class FileSystemIds
{
    /// <summary>Equal for two folders of one file system; links are followed. Where the system does not say, the folder stands for itself.</summary>
    /// <param name="folder">A full path.</param>
    public static string Of(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return Path.GetPathRoot(folder)!.ToUpperInvariant();
        }

        // .NET takes whatever path it is given for a drive here.
        var files = UnixFiles.Create();
        using var place = files.OpenPlace(Encoding.UTF8.GetBytes(folder));
        return place is not null && files.Stat(place, out var stat) ? stat.Device.ToString("X", CultureInfo.InvariantCulture) : folder;
    }
}
