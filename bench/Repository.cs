using System.Xml.Linq;

namespace SecureBackup.Bench;

/// <summary>The working copy that this program was built from.</summary>
internal static class Repository
{
    internal static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>Where the build packages the module.</summary>
    internal static string PackagedModule => Path.Combine(Root, "output", "SecureBackup", XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("Version").First().Value);

    private static string Find(string folder)
    {
        while (!File.Exists(Path.Combine(folder, "Backup.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("This program does not lie in a working copy of the repository.");
        }

        return folder;
    }
}
