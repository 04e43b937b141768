using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Platform;

/// <summary>Turns the error of a libc file call into what .NET's own file calls throw for it, with errno in <c>HResult</c>.</summary>
internal static class FileCallError
{
    private const int EPERM = 1;
    private const int ENOENT = 2;
    private const int EACCES = 13;

    public static Exception For(int errno, string path)
    {
        var message = $"{Marshal.GetPInvokeErrorMessage(errno)}: '{path}'";
        return errno switch
        {
            ENOENT => new FileNotFoundException(message, path),
            EPERM or EACCES => new UnauthorizedAccessException(message, new IOException(message, errno)),
            _ => new IOException(message, errno),
        };
    }
}
