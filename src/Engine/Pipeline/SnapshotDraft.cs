using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A snapshot but for its reference set and end, which are known last.</summary>
internal sealed record SnapshotDraft(SnapshotSummary Summary, OwnerPart OwnerPart)
{
    internal static SnapshotDraft Of(BackupSession session, BackupOptions options, EntryChunker entries, SnapshotContents contents, ProgressSnapshot progress)
    {
        var draft = Of(session, options, contents, progress);
        draft = draft with
        {
            Summary = draft.Summary with
            {
                EntryCount = entries.Counts.Entries,
                FileCount = entries.Counts.Files,
                ContentBytes = entries.Counts.ContentBytes,
                FaultCount = entries.Faults.Count,
                Outcome = entries.Faults.Count == 0 ? SnapshotOutcome.Succeeded : SnapshotOutcome.SucceededDegraded,
            },
        };
        return draft.Judged(session, options, entries);
    }

    /// <summary>Compared with the last good snapshot of the data set; one that looks wrong is suspect, whatever else it is.</summary>
    /// <param name="entries">Null where the content is no files.</param>
    internal SnapshotDraft Judged(BackupSession session, BackupOptions options, EntryChunker? entries = null)
    {
        var last = session.GoodOnes.Count == 0 ? null : session.GoodOnes[0];
        var summary = Summary with { Figures = session.Meter.FiguresOf(Summary.ContentBytes, entries?.Counts, last) };
        var findings = GateJudge.Judge(options.Gates, summary, session.Meter, session.GoodOnes, last is null ? null : entries?.EmptiedSince(last));
        return this with { Summary = findings.Count == 0 ? summary : summary with { Findings = findings, Outcome = SnapshotOutcome.Suspect } };
    }

    /// <summary>What is the same for every kind of content; counts are to be filled in.</summary>
    internal static SnapshotDraft Of(BackupSession session, BackupOptions options, SnapshotContents contents, ProgressSnapshot progress)
    {
        var summary = new SnapshotSummary
        {
            DataSetId = session.Vault.Keys.DataSetIdOf(options.DataSet),
            DataSet = options.DataSet,
            StartedAt = session.StartedAt,
            EndedAt = session.StartedAt,
            HostName = options.HostName,
            Tags = [.. options.Tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            StoredBytes = progress.BytesStored,
            ReferencePages = [],
            PackCount = 0,
        };
        return new SnapshotDraft(summary, new OwnerPart(contents.Root, contents.Identities, options.Roots, options.Rules, contents.Faults));
    }
}
