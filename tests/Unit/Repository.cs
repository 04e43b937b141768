namespace SecureBackup.Tests.Unit;

/// <summary>Where the sources of this test assembly lie.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static bool IsReleaseBuild { get; } = AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar).Contains("Release", StringComparer.OrdinalIgnoreCase);

    /// <summary>Source files below folders of the repository, build output left out; paths relative to the root, with slashes.</summary>
    public static IEnumerable<string> SourceFiles(params string[] folders) =>
        folders.Select(folder => Path.Combine(Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    /// <summary>Every file that a person wrote, however it is called: no build output, no packages of others, no vaults; paths relative to the root, with slashes.</summary>
    public static IEnumerable<string> WrittenFiles() => WrittenFiles(new DirectoryInfo(Root)).Select(static file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'));

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(Root, relativePath)).ReplaceLineEndings("\n");

    private static IEnumerable<FileInfo> WrittenFiles(DirectoryInfo folder) =>
        folder.EnumerateFiles().Where(static file => file.Length < 1 << 20)
            .Concat(folder.EnumerateDirectories().Where(static inner => inner.Name is not (".git" or "bin" or "obj" or "output" or "node_modules" or "Golden") && inner.LinkTarget is null).SelectMany(WrittenFiles));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Backup.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Backup.sln.");
    }
}
