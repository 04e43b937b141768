namespace SecureBackup.Engine.Platform;

/// <summary>Error numbers of Linux, the same on x64 and arm64.</summary>
internal static class LinuxError
{
    public const int NotPermitted = 1;
    public const int NotFound = 2;
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int BadHandle = 9;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int CrossDevice = 18;
    public const int NotADirectory = 20;
    public const int IsADirectory = 21;
    public const int Invalid = 22;
    public const int FileTooBig = 27;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int NameTooLong = 36;
    public const int NoSuchCall = 38;
    public const int NotEmpty = 39;
    public const int Loop = 40;
    public const int NoData = 61;
    public const int NotSupported = 95;
    public const int QuotaExceeded = 122;
}
