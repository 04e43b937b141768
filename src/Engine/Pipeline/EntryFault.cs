using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What is wrong with one entry of a restore or a check: a value in the result, so that the others go on.</summary>
/// <param name="Path">For people, as listings show it; a range of paths where a page of the listing is lost.</param>
public sealed record EntryFault(FaultCode Code, string Path, string Message)
{
    /// <inheritdoc cref="BackupException.Remedy"/>
    public string Remedy { get => field ?? Code.Remedy; init; }

    internal static EntryFault Of(DestinationFault fault) => new(fault.Code, fault.Path, fault.Message);

    internal static EntryFault Of(string path, BackupException error) => new(error.Code, path, $"'{path}': {error.Message}") { Remedy = error.Remedy };
}
