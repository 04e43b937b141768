namespace SecureBackup.Engine.Targets;

/// <summary>Who may lift a lock before its end. A stronger mode has the higher number.</summary>
public enum LockMode
{
    /// <summary>Whoever has a right of its own to that.</summary>
    Governance = 1,

    /// <summary>Nobody.</summary>
    Compliance = 2,
}

/// <summary>Which modes a target has.</summary>
[Flags]
public enum LockModes
{
    None = 0,
    Governance = 1,
    Compliance = 2,
}

/// <param name="Until">By the store's clock.</param>
public sealed record ObjectLock(LockMode Mode, DateTimeOffset Until);

/// <param name="Lock">Null where there is none.</param>
/// <param name="LegalHold">Kept until somebody lifts it, beside any lock.</param>
public sealed record LockState(ObjectLock? Lock, bool LegalHold)
{
    public bool IsAtLeast(ObjectLock asked) => Lock is { } kept && kept.Mode >= asked.Mode && kept.Until >= asked.Until;
}
