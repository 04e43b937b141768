using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>How many paths became what, as Compare-CustomerBackup -Summary shows it.</summary>
public sealed class BackupComparison
{
    private BackupComparison(string vault, Snapshot before, string after, ComparisonTally tally, IReadOnlyList<BackupFault> faults)
    {
        Vault = vault;
        DataSet = before.DataSet;
        Reference = before.Id.ToString();
        Difference = after;
        AddedCount = tally.Added;
        RemovedCount = tally.Removed;
        ChangedCount = tally.Changed;
        TypeChangedCount = tally.TypeChanged;
        EqualCount = tally.Equal;
        UnknownCount = tally.Unknown;
        Faults = faults;
    }

    public string DataSet { get; }

    /// <summary>Id of the older snapshot.</summary>
    public string Reference { get; }

    /// <summary>Id of the newer snapshot, or the folders on the disk.</summary>
    public string Difference { get; }

    public long AddedCount { get; }

    public long RemovedCount { get; }

    public long ChangedCount { get; }

    public long TypeChangedCount { get; }

    /// <summary>Null where it is not known how many of the equal paths the patterns choose.</summary>
    public long? EqualCount { get; }

    /// <summary>Entries whose counterpart cannot be read, so that nothing is said about them.</summary>
    public long UnknownCount { get; }

    public bool IsEqual => AddedCount + RemovedCount + ChangedCount + TypeChangedCount + UnknownCount + Faults.Count == 0;

    /// <summary>What could not be compared.</summary>
    public IReadOnlyList<BackupFault> Faults { get; }

    public string Vault { get; }

    /// <summary>0 equal, 2 something differs or could not be compared.</summary>
    public int ExitCode => IsEqual ? 0 : 2;

    public override string ToString() =>
        $"{AddedCount} added, {RemovedCount} removed, {ChangedCount} changed, {TypeChangedCount} of another kind, {EqualCount?.ToString(System.Globalization.CultureInfo.CurrentCulture) ?? "the rest"} equal"
        + (UnknownCount > 0 ? $", {UnknownCount} unknown" : string.Empty);

    internal static BackupComparison From(string vault, Snapshot before, string after, ComparisonTally tally, IReadOnlyList<BackupFault> faults) =>
        new(vault, before, after, tally, faults);
}
