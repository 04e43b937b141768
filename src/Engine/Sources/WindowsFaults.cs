using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>What a Windows error says about an entry.</summary>
internal static class WindowsFaults
{
    private const int FileNotFound = 2;
    private const int PathNotFound = 3;
    private const int SharingViolation = 32;
    private const int LockViolation = 33;

    /// <param name="error">A Win32 error number.</param>
    internal static FaultCode CodeOf(int error) => error switch
    {
        FileNotFound or PathNotFound => FaultCodes.EntryVanished,
        SharingViolation or LockViolation => FaultCodes.EntryLocked,
        _ => FaultCodes.EntryUnreadable,
    };
}
