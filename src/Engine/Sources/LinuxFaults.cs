using System.Runtime.Versioning;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>What the kernel said, as a fault of the entry.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxFaults
{
    public static SourceFaultException ForFolder(int error, string path) => new(new SourceFault(
        IsGone(error) ? FaultCodes.EntryVanished : FaultCodes.DirectoryUnreadable, path, LinuxCalls.Describe(error)));

    public static SourceFaultException ForEntry(int error, string path) => new(new SourceFault(
        IsGone(error) ? FaultCodes.EntryVanished : FaultCodes.EntryUnreadable, path, LinuxCalls.Describe(error)));

    private static bool IsGone(int error) =>
        error is LinuxErrno.NoEntry or LinuxErrno.NotDirectory or LinuxErrno.TooManyLinks or LinuxErrno.Stale;
}
