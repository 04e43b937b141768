namespace SecureBackup.Tests.Unit;

/// <summary>A folder of one test, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    private const string MemoryFolder = "/dev/shm";

    private readonly DirectoryInfo _directory;

    public TempFolder()
        : this(Directory.CreateTempSubdirectory("sb-test-"))
    {
    }

    private TempFolder(DirectoryInfo directory)
    {
        _directory = directory;
    }

    public string FullPath => _directory.FullName;

    public string this[string relative] => Path.Combine(FullPath, relative);

    /// <summary>Where the system has a file system in memory, there: for many runs whose flushes to a disk would prove nothing.</summary>
    public static TempFolder InMemory()
    {
        try
        {
            return new TempFolder(Directory.CreateDirectory(Path.Combine(Directory.Exists(MemoryFolder) ? MemoryFolder : Path.GetTempPath(), $"sb-test-{Guid.NewGuid():N}")));
        }
        catch (UnauthorizedAccessException)
        {
            return new TempFolder();
        }
    }

    /// <summary>Everything below, links not followed.</summary>
    public string[] Files() =>
        [.. Directory.EnumerateFiles(FullPath, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(path => Path.GetRelativePath(FullPath, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        try
        {
            _directory.Delete(recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException && !OperatingSystem.IsWindows())
        {
            // The runtime cannot delete names that are not UTF-8, nor what lies in folders that may not be written.
            Sources.SourceTree.Run("chmod", "/", "", "-R", "u+rwx", "--", FullPath);
            Sources.SourceTree.Run("rm", "/", "", "-rf", "--", FullPath);
        }
    }
}
