using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>The content gates of Start-CustomerBackup, by name.</summary>
public enum BackupGate
{
    Shrinkage,
    MassChange,
    EntropyJump,
    RansomNames,
    EmptiedFiles,
    All,
}

/// <summary>What a person decided about a snapshot.</summary>
public enum BackupVerdict
{
    Approved,
    Rejected,
}

/// <summary>What looks wrong about a snapshot's content.</summary>
public sealed class BackupFinding
{
    private BackupFinding(GateFinding finding)
    {
        var code = GateText.CodeOf(finding.Gate);
        Code = code.ToString();
        Name = code.Name;
        Message = GateText.MessageOf(finding);
        Remedy = code.Remedy;
        Measured = finding.Measured;
        Limit = finding.Limit;
    }

    /// <summary>As <c>SB3403</c>.</summary>
    public string Code { get; }

    /// <summary>The code in words, as <c>ContentShrunk</c>.</summary>
    public string Name { get; }

    public string Message { get; }

    public string Remedy { get; }

    /// <summary>In bytes, files or percent, as the message says.</summary>
    public long Measured { get; }

    public long Limit { get; }

    public override string ToString() => $"{Code}: {Message}";

    internal static BackupFinding From(GateFinding finding) => new(finding);
}
