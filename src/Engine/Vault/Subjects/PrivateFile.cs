namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Files that no other user of the host can read.</summary>
internal static class PrivateFile
{
    internal static FileStreamOptions Options(FileOptions options = FileOptions.None)
    {
        var creation = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read | FileShare.Delete,
            BufferSize = 128 * 1024,
            Options = options,
        };
        if (!OperatingSystem.IsWindows())
        {
            creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return creation;
    }
}
