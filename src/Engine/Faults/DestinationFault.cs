namespace SecureBackup.Engine.Faults;

/// <summary>
/// What a restore has to say about one entry: a value in the result, never an exception, so that the others go on.
/// <paramref name="Path"/> is for people: the path in the snapshot with undecodable bytes escaped.
/// </summary>
public sealed record DestinationFault(FaultCode Code, string Path, string Message);

/// <summary>Carries a <see cref="DestinationFault"/> from the depth of a write to the stage that lists it.</summary>
public sealed class DestinationFaultException(DestinationFault fault, Exception? inner = null) : Exception(fault.Message, inner)
{
    public DestinationFault Fault { get; } = fault;
}
