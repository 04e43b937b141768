namespace SecureBackup.Shell;

/// <summary>The exit codes which the shell itself gives; a script's own <c>exit n</c> passes through.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int BadCommandLine = 64;
    public const int Interrupted = 130;
}
