namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode RoleMissing = new(4300, nameof(RoleMissing), "The key at hand is of a member whose role does not include this.", "Use the key of a member with that role, or let an owner change the member's roles.");
}
