using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;

namespace SecureBackup.PowerShell.Output;

/// <summary>One entry that could not be saved, restored or verified fully.</summary>
public sealed class BackupFault
{
    private BackupFault(FaultCode code, string path, string message, string remedy)
    {
        Code = code.ToString();
        Name = code.Name;
        Path = path;
        Message = message;
        Remedy = remedy;
        Number = code.Number;
    }

    /// <summary>As <c>SB6001</c>.</summary>
    public string Code { get; }

    /// <summary>The code in words, as <c>EntryUnreadable</c>.</summary>
    public string Name { get; }

    public string Path { get; }

    public string Message { get; }

    public string Remedy { get; }

    internal FaultCategory Category => (FaultCategory)(Number / 1000);

    private int Number { get; }

    public override string ToString() => $"{Code} {Path}: {Message}";

    internal static BackupFault From(SourceFault fault) => new(fault.Code, fault.Path, fault.Message, fault.Code.Remedy);

    internal static BackupFault From(EntryFault fault) => new(fault.Code, fault.Path, fault.Message, fault.Remedy);
}
