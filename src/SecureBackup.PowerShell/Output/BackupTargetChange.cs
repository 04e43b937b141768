namespace SecureBackup.PowerShell.Output;

/// <summary>One change of a place: made, or only planned.</summary>
public sealed class BackupTargetChange
{
    internal BackupTargetChange(string target, string item, string from, string to, bool isIrreversible)
    {
        Target = target;
        Item = item;
        From = from;
        To = to;
        IsIrreversible = isIrreversible;
    }

    /// <summary>The name of the target, or its address.</summary>
    public string Target { get; }

    public string Item { get; }

    public string From { get; }

    public string To { get; }

    /// <summary>Made, and read back.</summary>
    public bool IsDone { get; internal init; }

    /// <summary>Nobody can take it back.</summary>
    public bool IsIrreversible { get; }

    /// <summary>Why it was not made; null where nobody wanted it, or one before it failed.</summary>
    public string? Code { get; internal init; }

    public override string ToString() => $"{Item}: {From} -> {To}";
}
