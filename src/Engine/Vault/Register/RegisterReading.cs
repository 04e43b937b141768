using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Something that stands in the register's folder and that the owners did not sign.</summary>
/// <param name="Name">Of the first such object.</param>
public sealed record RegisterObstruction(ObjectName Name, string Reason)
{
    internal BackupEvent ToEvent() => new(EventSeverity.Warning, $"'{Name}' is passed over, since it is no entry of the register: {Reason}", FaultCodes.RegisterObstructed);
}

/// <summary>The register as far as its owners signed it, and what stood behind.</summary>
/// <param name="Obstruction">Null where nothing did. Whether the entry that belongs there was damaged or never was, only a pin can tell.</param>
public sealed record RegisterReading(RegisterState State, RegisterObstruction? Obstruction)
{
    /// <inheritdoc cref="RegisterState.Require(RegisterHead, string)"/>
    /// <exception cref="VaultException">RegisterDamaged where an entry that is known cannot be read.</exception>
    public void Require(RegisterHead known, string whose)
    {
        if (Obstruction is not null && known.Number > State.Head.Number)
        {
            throw new VaultException(
                FaultCodes.RegisterDamaged, $"The register entry '{Obstruction.Name}' is refused: {Obstruction.Reason} The register is known to go on to entry {known.Number}, which {whose} knows.");
        }

        State.Require(known, whose);
    }
}
