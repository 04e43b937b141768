namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode KeepsNothing = new(1601, nameof(KeepsNothing), "The rules say to keep nothing, so everything would be removed.", "Give at least one keep rule, and each with a number above 0.");
    public static readonly FaultCode NoSuchTimeZone = new(1602, nameof(NoSuchTimeZone), "This computer does not know the time zone.", "Give the name of a zone as in the IANA database, such as Europe/Berlin, or UTC.");
}
