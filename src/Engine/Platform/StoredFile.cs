using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// Opens a file of a storage that may be hostile: no link is followed in the last component, and a pipe put in a file's place
/// cannot make the open wait for ever.
/// </summary>
internal static partial class StoredFile
{
    public static SafeFileHandle OpenRead(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }

        var descriptor = Open(path, Flags());
        if (descriptor < 0)
        {
            throw FileCallError.For(Marshal.GetLastPInvokeError(), path);
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            _ = RandomAccess.GetLength(handle);
            return handle;
        }
        catch (NotSupportedException exception)
        {
            handle.Dispose();
            throw new FileNotFoundException($"'{path}' is a pipe or a device, no file.", path, exception);
        }
    }

    private static int Flags() => OperatingSystem.IsMacOS()
        ? MacCalls.NonBlocking | MacCalls.NoFollow | MacCalls.CloseOnExec
        : LinuxOpen.NonBlocking | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
