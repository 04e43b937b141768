namespace SecureBackup.PowerShell.Output;

/// <summary>One check of a target.</summary>
public sealed class BackupTargetCheck
{
    internal BackupTargetCheck(string name, BackupCheckResult result, string detail, string? code, string? remedy, TimeSpan elapsed)
    {
        Name = name;
        Result = result;
        Detail = detail;
        Code = code;
        Remedy = remedy;
        Elapsed = elapsed;
    }

    public string Name { get; }

    public BackupCheckResult Result { get; }

    /// <summary>What was found, for people.</summary>
    public string Detail { get; }

    /// <summary>Of what failed.</summary>
    public string? Code { get; }

    /// <inheritdoc cref="Code"/>
    public string? Remedy { get; }

    public TimeSpan Elapsed { get; }

    public override string ToString() => $"{Name}: {Result}. {(Code is null ? "" : $"{Code}: ")}{Detail}{(Remedy is null ? "" : $" {Remedy}")}";
}
