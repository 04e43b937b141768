using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A snapshot but for its reference set and end, which are known last.</summary>
internal sealed record SnapshotDraft(SnapshotSummary Summary, OwnerPart OwnerPart)
{
    internal static SnapshotDraft Of(BackupSession session, BackupOptions options, EntryChunker entries, SnapshotContents contents, ProgressSnapshot progress)
    {
        var last = session.LastGood(options)?.Summary;
        var summary = new SnapshotSummary
        {
            DataSetId = session.Vault.Keys.DataSetIdOf(options.DataSet),
            DataSet = options.DataSet,
            StartedAt = session.StartedAt,
            EndedAt = session.StartedAt,
            HostName = options.HostName,
            Tags = [.. options.Tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            EntryCount = entries.Counts.Entries,
            FileCount = entries.Counts.Files,
            ContentBytes = entries.Counts.ContentBytes,
            StoredBytes = progress.BytesStored,
            FaultCount = entries.Faults.Count,
            Outcome = entries.Faults.Count == 0 ? SnapshotOutcome.Succeeded : SnapshotOutcome.SucceededDegraded,
            Figures = session.Meter.FiguresOf(entries.Counts, last),
            ReferencePages = [],
            PackCount = 0,
        };
        var findings = GateJudge.Judge(options.Gates, summary, session.Meter, last);
        if (findings.Count > 0)
        {
            summary = summary with { Findings = findings, Outcome = SnapshotOutcome.Suspect };
        }

        return new SnapshotDraft(summary, new OwnerPart(contents.Root, contents.Identities, options.Roots, options.Rules, contents.Faults));
    }
}
