using System.Management.Automation;
using SecureBackup.Engine.Pipeline;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>What makes a backup suspect.</summary>
public sealed partial class StartCustomerBackupCommand
{
    /// <summary>The snapshot is suspect if its content has fewer bytes.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? MinimumSize { get; set; }

    /// <summary>The snapshot is suspect if it has fewer files or records.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? MinimumCount { get; set; }

    /// <summary>Percent of the files or bytes of the last good snapshot whose loss makes it suspect.</summary>
    [Parameter]
    [ValidateRange(1, 100)]
    public int MaxShrinkPercent { get; set; } = ContentGates.Default.ShrinkPercent!.Value;

    /// <summary>Percent of the content that must have given way to other content.</summary>
    [Parameter]
    [ValidateRange(1, 100)]
    public int MaxChangePercent { get; set; } = ContentGates.Default.ChangePercent!.Value;

    /// <summary>By how many points more the content that replaced old content does not compress.</summary>
    [Parameter]
    [ValidateRange(1, 100)]
    public int MaxEntropyJump { get; set; } = ContentGates.Default.EntropyJumpPercent!.Value;

    /// <summary>Percent of the files that must have become empty.</summary>
    [Parameter]
    [ValidateRange(1, 100)]
    public int MaxEmptiedPercent { get; set; } = ContentGates.Default.EmptiedPercent!.Value;

    /// <summary>Gates that are not asked.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BackupGate[] SkipGate { get; set; } = [];

    private ContentGates Gates()
    {
        var gates = new ContentGates
        {
            MinimumBytes = MinimumSize,
            MinimumCount = MinimumCount,
            ShrinkPercent = UnlessSkipped(BackupGate.Shrinkage, MaxShrinkPercent),
            ChangePercent = UnlessSkipped(BackupGate.MassChange, MaxChangePercent),
            EntropyJumpPercent = UnlessSkipped(BackupGate.EntropyJump, MaxEntropyJump),
            EmptiedPercent = UnlessSkipped(BackupGate.EmptiedFiles, MaxEmptiedPercent),
            LooksForRansomNames = !IsSkipped(BackupGate.RansomNames),
        };
        gates.RequireValid();
        return gates;
    }

    private bool IsSkipped(BackupGate gate) => SkipGate.Contains(gate) || SkipGate.Contains(BackupGate.All);

    private int? UnlessSkipped(BackupGate gate, int percent) => IsSkipped(gate) ? null : percent;
}
