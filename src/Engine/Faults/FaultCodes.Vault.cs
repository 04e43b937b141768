namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode UnsupportedFormat = new(5002, nameof(UnsupportedFormat), "The vault uses a format, algorithm or name that this version does not know.", "Update the module; a newer version wrote this.");
}
