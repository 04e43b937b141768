namespace SecureBackup.Engine.Faults;

/// <summary>
/// An error with a stable code, what happened where (the message), and what to do (<see cref="Remedy"/>). Neither the message nor
/// the context ever holds a secret. A subclass exists only where a caller decides differently.
/// </summary>
public class BackupException : Exception
{
    public BackupException(FaultCode code, string message, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
    }

    public FaultCode Code { get; }

    /// <summary>One imperative sentence; the register's, unless the thrower knows better.</summary>
    public string Remedy { get => field ?? Code.Remedy; init; }

    /// <inheritdoc cref="FaultCode.IsTransient"/>
    public bool IsTransient => Code.IsTransient;

    /// <summary>Further facts (object name, path, counts) for logs and error records.</summary>
    public IReadOnlyDictionary<string, string> Context { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>The bytes are not what was sealed or signed. Never retried, never swallowed.</summary>
public sealed class IntegrityException(FaultCode code, string message, Exception? inner = null)
    : BackupException(code, message, inner);

/// <summary>No key at hand opens this, or the key at hand may not.</summary>
public sealed class KeyException(FaultCode code, string message, Exception? inner = null)
    : BackupException(code, message, inner);

/// <summary>The repository's state forbids it: not found, of a newer format, rolled back.</summary>
public sealed class VaultException(FaultCode code, string message, Exception? inner = null)
    : BackupException(code, message, inner);

/// <summary>What the caller asked for cannot be done as asked; found before any work starts.</summary>
public sealed class RequestException(FaultCode code, string message, Exception? inner = null)
    : BackupException(code, message, inner);

/// <summary>The place that a restore writes to refused.</summary>
public sealed class DestinationException(FaultCode code, string message, Exception? inner = null)
    : BackupException(code, message, inner);
