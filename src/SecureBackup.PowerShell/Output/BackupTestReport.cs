using SecureBackup.Engine.Pipeline;

namespace SecureBackup.PowerShell.Output;

/// <summary>What Test-CustomerBackup found out about one snapshot.</summary>
public sealed class BackupTestReport
{
    private BackupTestReport(string vault, VerifyResult result)
    {
        var snapshot = result.Snapshot;
        Vault = vault;
        Snapshot = snapshot.Id.ToString();
        DataSet = snapshot.DataSet;
        SnapshotTime = snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        PacksTotal = result.PacksTotal;
        PacksRead = result.PacksRead;
        PacksAttested = result.PacksAttested;
        BytesRead = result.BytesRead;
        HasCompletedCycle = result.HasCompletedCycle;
        IsRecorded = result.IsRecorded;
        Traffic = BackupTraffic.From(result.Traffic);
        Elapsed = result.Elapsed;
        Faults = [.. result.Faults.Select(BackupFault.From)];
    }

    public string Snapshot { get; }

    public string DataSet { get; }

    public DateTimeOffset SnapshotTime { get; }

    /// <summary>Whether nothing is missing or damaged, as far as this check looked.</summary>
    public bool IsHealthy => Faults.Count == 0;

    /// <summary>Objects that the snapshot needs.</summary>
    public long PacksTotal { get; }

    /// <summary>Of these, how many this check read and compared byte by byte; the others were looked for.</summary>
    public long PacksRead { get; }

    /// <summary>Of these, how many other hosts may rely on from now on, and could not before.</summary>
    public long PacksAttested { get; }

    public long BytesRead { get; }

    /// <summary>Whether the checks of this snapshot, this one included, have now read everything since the cycle began.</summary>
    public bool HasCompletedCycle { get; }

    /// <summary>Whether the vault keeps this result; a read-only one cannot.</summary>
    public bool IsRecorded { get; }

    /// <summary>What was asked of the place where the vault lies.</summary>
    public BackupTraffic Traffic { get; }

    public TimeSpan Elapsed { get; }

    public long FaultCount => Faults.Count;

    public IReadOnlyList<BackupFault> Faults { get; }

    public string Vault { get; }

    /// <summary>0 healthy, 4 something is missing or damaged. A check that could not run is an error: 1.</summary>
    public int ExitCode => IsHealthy ? 0 : 4;

    internal static BackupTestReport From(string vault, VerifyResult result) => new(vault, result);
}
