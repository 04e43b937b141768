using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// Gives a file its final name in one atomic step that never replaces. <c>File.Move</c> looks first and renames then on Unix, so
/// two writers of one name could both win.
/// </summary>
internal static partial class ExclusiveMove
{
    private const int EPERM = 1;
    private const int EEXIST = 17;
    private const int EINVAL = 22;
    private const int EMLINK = 31;
    private const int LinuxENOSYS = 38;
    private const int LinuxENOTSUP = 95;
    private const int MacENOTSUP = 45;
    private const int MacENOSYS = 78;
    private const int CurrentDirectory = -100;
    private const uint RenameNoReplace = 1;
    private const uint MacRenameExclusive = 4;
    private const int WindowsFileExists = unchecked((int)0x80070050);
    private const int WindowsAlreadyExists = unchecked((int)0x800700B7);

    private enum Step
    {
        Done,
        Exists,
        Unsupported,
    }

    /// <summary>False where <paramref name="to"/> exists, also as a broken link; both files are then as they were.</summary>
    /// <exception cref="NotSupportedException">The file system has neither hard links nor an exclusive rename.</exception>
    public static bool TryMove(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryMoveOnWindows(from, to);
        }

        var step = Link(from, to);
        return (step == Step.Unsupported ? Rename(from, to) : step) switch
        {
            Step.Done => true,
            Step.Exists => false,
            _ => throw new NotSupportedException($"The file system of '{to}' can neither link nor rename without replacing."),
        };
    }

    /// <summary>The way of file systems without hard links (FAT, exFAT, some network shares).</summary>
    internal static bool TryRename(string from, string to) => Rename(from, to) switch
    {
        Step.Done => true,
        Step.Exists => false,
        _ => throw new NotSupportedException($"The file system of '{to}' cannot rename without replacing."),
    };

    private static bool TryMoveOnWindows(string from, string to)
    {
        try
        {
            File.Move(from, to, overwrite: false);
            return true;
        }
        catch (IOException exception) when (exception.HResult is WindowsFileExists or WindowsAlreadyExists)
        {
            return false;
        }
    }

    private static Step Link(string from, string to)
    {
        var step = StepOf(LinkCall(from, to), to, isLink: true);
        if (step == Step.Done)
        {
            // A crash here leaves the temporary name as a second name of the finished file; the sweep removes it.
            File.Delete(from);
        }

        return step;
    }

    private static Step Rename(string from, string to)
    {
        try
        {
            var result = OperatingSystem.IsMacOS()
                ? RenameOnMac(from, to, MacRenameExclusive)
                : RenameOnLinux(CurrentDirectory, from, CurrentDirectory, to, RenameNoReplace);
            return StepOf(result, to, isLink: false);
        }
        catch (EntryPointNotFoundException)
        {
            return Step.Unsupported;
        }
    }

    private static Step StepOf(int result, string path, bool isLink)
    {
        if (result == 0)
        {
            return Step.Done;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error == EEXIST)
        {
            return Step.Exists;
        }

        var isUnsupported = OperatingSystem.IsMacOS()
            ? error is EINVAL or MacENOTSUP or MacENOSYS
            : error is EINVAL or LinuxENOTSUP or LinuxENOSYS;
        return isUnsupported || (isLink && (error is EPERM or EMLINK)) ? Step.Unsupported : throw FileCallError.For(error, path);
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkCall(string from, string to);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameOnLinux(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "renamex_np", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameOnMac(string from, string to, uint flags);
}
