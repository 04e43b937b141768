namespace SecureBackup.Tests.Unit;

/// <summary>A folder of one test, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sb-test-");

    public string FullPath => _directory.FullName;

    public string this[string relative] => Path.Combine(FullPath, relative);

    /// <summary>Everything below, links not followed.</summary>
    public string[] Files() =>
        [.. Directory.EnumerateFiles(FullPath, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(path => Path.GetRelativePath(FullPath, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public void Dispose() => _directory.Delete(recursive: true);
}
