using SecureBackup.Engine.Pipeline;

namespace SecureBackup.PowerShell.Output;

/// <summary>What Restore-CustomerBackup brought back.</summary>
public sealed class RestoreReport
{
    private RestoreReport(string vault, string destination, RestoreResult result)
    {
        var snapshot = result.Snapshot;
        Vault = vault;
        Snapshot = snapshot.Id.ToString();
        DataSet = snapshot.DataSet;
        SnapshotTime = snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        Destination = destination;
        FileCount = result.Files;
        DirectoryCount = result.Folders;
        OtherCount = result.Others;
        KeptCount = result.Kept;
        SizeBytes = result.Bytes;
        SkippedCount = result.Skipped;
        PatchedCount = result.Patched;
        MetadataOnlyCount = result.MetadataOnly;
        DeletedCount = result.Deleted;
        FetchedBytes = result.FetchedBytes;
        ReusedBytes = result.ReusedBytes;
        Faults = [.. result.Faults.Select(BackupFault.From)];
        Traffic = BackupTraffic.From(result.Traffic);
        Elapsed = result.Elapsed;
    }

    public string Snapshot { get; }

    public string DataSet { get; }

    public DateTimeOffset SnapshotTime { get; }

    public string Destination { get; }

    public long FileCount { get; }

    public long DirectoryCount { get; }

    /// <summary>Symbolic links, devices and the like.</summary>
    public long OtherCount { get; }

    /// <summary>Content of the files that were written.</summary>
    public long SizeBytes { get; }

    /// <summary>Entries that were there already and the same.</summary>
    public long KeptCount { get; }

    /// <summary>Entries that were left as they stood at the destination, as -Overwrite said.</summary>
    public long SkippedCount { get; }

    /// <summary>Of the files, those that were built from what stood there and what came from the vault.</summary>
    public long PatchedCount { get; }

    /// <summary>Entries that only got other attributes.</summary>
    public long MetadataOnlyCount { get; }

    /// <summary>Entries that the snapshot does not hold and -Mirror removed.</summary>
    public long DeletedCount { get; }

    /// <summary>Content that came from the vault.</summary>
    public long FetchedBytes { get; }

    /// <summary>Content that stood there already, in files that were built anew.</summary>
    public long ReusedBytes { get; }

    public long FaultCount => Faults.Count;

    /// <summary>Entries that could not be restored, or not fully.</summary>
    public IReadOnlyList<BackupFault> Faults { get; }

    /// <summary>What was asked of the place where the vault lies.</summary>
    public BackupTraffic Traffic { get; }

    public TimeSpan Elapsed { get; }

    public string Vault { get; }

    /// <summary>0 everything asked for is there, 2 some entries are missing or incomplete. A failed restore is an error: 1.</summary>
    public int ExitCode => Faults.Count == 0 ? 0 : 2;

    internal static RestoreReport From(string vault, string destination, RestoreResult result) => new(vault, destination, result);
}
