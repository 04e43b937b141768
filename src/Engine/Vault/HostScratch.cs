namespace SecureBackup.Engine.Vault;

/// <summary>
/// What a host remembers, to be read and never changed: its files stand here as links, and what is written replaces a link and goes with the folder. Whatever this host writes it writes beside
/// the old file and renames.
/// </summary>
public sealed class HostScratch : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("securebackup-");

    public HostScratch(HostState host)
    {
        State = HostState.For(_folder.FullName);
        if (!Directory.Exists(host.Folder))
        {
            return;
        }

        foreach (var vault in Directory.EnumerateDirectories(host.Folder).Where(folder => !string.Equals(folder, host.ObjectsFolder, StringComparison.Ordinal)))
        {
            var mirror = Directory.CreateDirectory(Path.Join(State.Folder, Path.GetFileName(vault)));
            foreach (var file in Directory.EnumerateFiles(vault))
            {
                Link(file, Path.Join(mirror.FullName, Path.GetFileName(file)));
            }
        }
    }

    public HostState State { get; }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Where this user may make no links, as on many a Windows, a copy.</summary>
    private static void Link(string file, string link)
    {
        try
        {
            File.CreateSymbolicLink(link, file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Copy(file, link);
        }
    }
}
