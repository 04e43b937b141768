namespace SecureBackup.PowerShell.Faults;

/// <summary>
/// The error of a cmdlet as scripts see it: <c>catch [SecureBackup.PowerShell.Faults.BackupCommandException]</c>. The code is
/// stable (see docs/errors.md), the message tells what happened where, <see cref="Remedy"/> what to do. It holds no secret.
/// </summary>
public sealed class BackupCommandException : Exception
{
    internal BackupCommandException(string code, string message, string remedy, bool isTransient, Exception? inner)
        : base(message, inner)
    {
        Code = code;
        Remedy = remedy;
        IsTransient = isTransient;
    }

    /// <summary>As <c>SB4001</c>.</summary>
    public string Code { get; }

    public string Remedy { get; }

    /// <summary>Whether the same command may succeed later without anybody doing anything.</summary>
    public bool IsTransient { get; }
}
