using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>What the kernel said last, as a fault of the entry.</summary>
internal static class UnixFaults
{
    public static SourceFaultException ForFolder(this UnixFiles files, string path) => files.Fault(FaultCodes.DirectoryUnreadable, path);

    public static SourceFaultException ForEntry(this UnixFiles files, string path) => files.Fault(FaultCodes.EntryUnreadable, path);

    private static SourceFaultException Fault(this UnixFiles files, FaultCode code, string path)
    {
        var error = UnixFiles.LastError;
        return new(new SourceFault(files.IsGone(error) ? FaultCodes.EntryVanished : code, path, UnixFiles.Describe(error)));
    }
}
