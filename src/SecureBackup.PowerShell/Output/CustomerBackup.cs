using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>A snapshot: what Start-CustomerBackup made or Get-CustomerBackup found.</summary>
public sealed class CustomerBackup
{
    private CustomerBackup(string vault, Snapshot snapshot)
    {
        Vault = vault;
        Id = snapshot.Id.ToString();
        DataSet = snapshot.DataSet;
        Started = snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        Ended = snapshot.EndedAt.ToDateTimeOffset().ToLocalTime();
        HostName = snapshot.HostName;
        Tags = [.. snapshot.Tags];
        EntryCount = snapshot.EntryCount;
        FileCount = snapshot.FileCount;
        SizeBytes = snapshot.ContentBytes;
        StoredBytes = snapshot.StoredBytes;
        FaultCount = snapshot.FaultCount;
        RecordCount = snapshot.Summary.RecordCount;
        SubjectCount = snapshot.Summary.SubjectCount;
        Outcome = Enum.Parse<BackupOutcome>(snapshot.Outcome.ToString());
        LastVerified = snapshot.LastVerifiedAt?.ToLocalTime();
        Findings = [.. snapshot.Summary.Findings.Select(BackupFinding.From)];
        IsGood = snapshot.Standing == SnapshotStanding.Good;
        if (snapshot.Decision is { } decision)
        {
            Verdict = Enum.Parse<BackupVerdict>(decision.Verdict.ToString());
            VerdictReason = decision.Reason;
            VerdictTime = decision.Time.ToDateTimeOffset().ToLocalTime();
        }
    }

    /// <summary>64 hexadecimal digits; the first few are enough wherever an id is asked for.</summary>
    public string Id { get; }

    /// <summary>Full path of the vault's folder.</summary>
    public string Vault { get; }

    public string DataSet { get; }

    public DateTimeOffset Started { get; }

    public DateTimeOffset Ended { get; }

    public string HostName { get; }

    public IReadOnlyList<string> Tags { get; }

    public BackupOutcome Outcome { get; }

    /// <summary>0 succeeded, 2 degraded, 3 suspect; for <c>exit (Start-CustomerBackup …).ExitCode</c>. A failed run is an error: 1.</summary>
    public int ExitCode => Outcome switch
    {
        BackupOutcome.Succeeded => 0,
        BackupOutcome.SucceededDegraded => 2,
        _ => 3,
    };

    /// <summary>Entries of all kinds, folders included.</summary>
    public long EntryCount { get; }

    public long FileCount { get; }

    /// <summary>Bytes of all files together, as they would be restored.</summary>
    public long SizeBytes { get; }

    /// <summary>Bytes that this snapshot added to the vault.</summary>
    public long StoredBytes { get; }

    public long FaultCount { get; }

    /// <summary>Records, where objects were backed up; 0 where files were.</summary>
    public long RecordCount { get; }

    /// <summary>Customers whose records are sealed under keys of their own.</summary>
    public long SubjectCount { get; }

    /// <summary>When the last recorded verification of this snapshot was; null when there is none.</summary>
    public DateTimeOffset? LastVerified { get; }

    /// <summary>What the content gates found; empty where nothing looked wrong.</summary>
    public IReadOnlyList<BackupFinding> Findings { get; }

    /// <summary>Whether it counts: for retention, and for a restore that names no snapshot. A suspect one does once it is approved; a rejected one does not.</summary>
    public bool IsGood { get; }

    /// <summary>What a person decided; null where nobody has.</summary>
    public BackupVerdict? Verdict { get; }

    public string? VerdictReason { get; }

    public DateTimeOffset? VerdictTime { get; }

    /// <summary>What the run did; null on snapshots that were found and not just made.</summary>
    public BackupRun? Run { get; private init; }

    /// <summary>Whether nothing was stored: then the id names no snapshot, and <see cref="Run"/> says in <see cref="BackupRun.WouldSend"/> what a backup would store.</summary>
    public bool IsDryRun => Run?.WouldSend is not null;

    /// <summary>Entries that could not be read fully; empty on snapshots that were found.</summary>
    public IReadOnlyList<BackupFault> Faults { get; private init; } = [];

    public override string ToString() => Id;

    internal static CustomerBackup From(string vault, Snapshot snapshot) => new(vault, snapshot);

    /// <param name="target">That the run went to.</param>
    internal static CustomerBackup From(string vault, BackupResult result, Target target) => new(vault, result.Snapshot)
    {
        Run = BackupRun.From(result, (target as DryRunTarget)?.Planned),
        Faults = [.. result.Faults.Select(BackupFault.From)],
    };
}

/// <summary>What one run of Start-CustomerBackup did.</summary>
public sealed class BackupRun
{
    public long FilesNew { get; private init; }

    public long FilesChanged { get; private init; }

    /// <summary>Files that were known to be the same without reading them.</summary>
    public long FilesUnchanged { get; private init; }

    public long BytesRead { get; private init; }

    /// <summary>Bytes sent to the vault, compressed and sealed.</summary>
    public long BytesStored { get; private init; }

    public long ChunksNew { get; private init; }

    /// <summary>Pieces that were in the vault already.</summary>
    public long ChunksKnown { get; private init; }

    /// <summary>Objects of an interrupted run that this one took over instead of storing their content again.</summary>
    public long PacksAdopted { get; private init; }

    /// <summary>What was asked of the place where the vault lies.</summary>
    public BackupTraffic Traffic { get; private init; } = BackupTraffic.From(TargetTraffic.None);

    /// <summary>What would be stored; null where it was.</summary>
    public BackupForecast? WouldSend { get; private init; }

    public TimeSpan Elapsed { get; private init; }

    public override string ToString() =>
        $"{FilesNew} new, {FilesChanged} changed, {FilesUnchanged} unchanged; {Display.Size(BytesRead)} read, {Display.Size(BytesStored)} stored in {Display.Duration(Elapsed)}";

    internal static BackupRun From(BackupResult result, PlannedPuts? planned) => new()
    {
        WouldSend = planned is null ? null : BackupForecast.From(planned),
        FilesNew = result.FilesNew,
        FilesChanged = result.FilesChanged,
        FilesUnchanged = result.FilesUnchanged,
        BytesRead = result.BytesRead,
        BytesStored = result.BytesStored,
        ChunksNew = result.ChunksNew,
        ChunksKnown = result.ChunksKnown,
        PacksAdopted = result.PacksAdopted,
        Traffic = BackupTraffic.From(result.Traffic),
        Elapsed = result.Elapsed,
    };
}
