namespace SecureBackup.Engine.Faults;

/// <summary>
/// An entry that could not be read fully: a value in the result, never an exception, so that the walk goes on.
/// <paramref name="Path"/> is for people: the real path with undecodable bytes escaped.
/// </summary>
public sealed record SourceFault(FaultCode Code, string Path, string Message);
