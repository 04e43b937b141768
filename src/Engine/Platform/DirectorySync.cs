using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// Makes the names in a directory durable: without it a file that was itself flushed can be nameless after a power cut.
/// Windows offers no such call; there the journal of the file system keeps the order of renames.
/// </summary>
internal static partial class DirectorySync
{
    private const int EINTR = 4;
    private const int EINVAL = 22;
    private const int LinuxENOTSUP = 95;
    private const int MacENOTSUP = 45;
    private const int LinuxCloseOnExec = 0x80000;
    private const int MacCloseOnExec = 0x1000000;

    /// <summary>A file system that has no such operation (some network and user-space ones) can do no better and is accepted.</summary>
    public static void Flush(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // The dot makes anything but a directory fail, where O_DIRECTORY has another value on each architecture.
        var descriptor = Open(Path.Join(directory, "."), OperatingSystem.IsMacOS() ? MacCloseOnExec : LinuxCloseOnExec);
        if (descriptor < 0)
        {
            throw FileCallError.For(Marshal.GetLastPInvokeError(), directory);
        }

        try
        {
            var error = Sync(descriptor);
            if (error is not (0 or EINVAL) && error != (OperatingSystem.IsMacOS() ? MacENOTSUP : LinuxENOTSUP))
            {
                throw FileCallError.For(error, directory);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static int Sync(int descriptor)
    {
        while (FSync(descriptor) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != EINTR)
            {
                return error;
            }
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
