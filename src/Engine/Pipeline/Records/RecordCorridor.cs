using System.Diagnostics;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Takes a backup of records. Wiring only, the mirror of <see cref="BackupCorridor"/>: spooled records -> sorted by subject -> sealed under the subject's key -> listed.
/// The order of what becomes durable is the safety: keyring, packs, index segments, reference pages, manifest.
/// </summary>
public static class RecordCorridor
{
    /// <param name="spool">Every record; still its owner's.</param>
    /// <exception cref="RequestException">SourceEmpty, SourceUnreadable, NoRecordHasSubject: nothing was touched.</exception>
    /// <exception cref="KeyException">This member may not write the data set.</exception>
    /// <exception cref="VaultException">SubjectErasedMeanwhile, SessionLapsed: nothing was committed.</exception>
    public static async Task<BackupResult> RunAsync(
        UnlockedVault vault, RecordSpool spool, BackupOptions options, RunContext context, CancellationToken cancellationToken)
    {
        RequireSomething(spool);
        return await RunOnceAsync(vault, spool, options, context, cancellationToken) with { Traffic = vault.TakeTraffic() };
    }

    private static async Task<BackupResult> RunOnceAsync(
        UnlockedVault vault, RecordSpool spool, BackupOptions options, RunContext context, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        await using var session = await BackupSession.OpenAsync(vault, options, SnapshotKind.Records, context, cancellationToken);
        using var issuer = await SubjectKeyIssuer.BeginAsync(vault, vault.Keys.DataSetIdOf(options.DataSet), cancellationToken);
        using var listing = new RecordListing(session, spool, issuer, options.DataSet, context);
        try
        {
            var contents = await StoringStages.RunAsync(session, context.Counters, static _ => { }, listing.RunAsync, cancellationToken);
            var draft = DraftOf(session, options, spool, listing, contents, context.Counters.Sample());
            var snapshot = await session.CommitAsync(draft, cancellationToken, () => RequireNobodyErasedAsync(issuer, listing, cancellationToken));
            return ToResult(snapshot, spool, session, context.Counters.Sample(), clock.Elapsed);
        }
        finally
        {
            // Also after a run that failed: what it stored under these keys is found again by the next. It is written on this host alone.
            await issuer.RememberAsync(CancellationToken.None);
        }
    }

    /// <exception cref="RequestException">SourceEmpty, SourceUnreadable, NoRecordHasSubject.</exception>
    public static void RequireSomething(RecordSpool spool)
    {
        if (spool.RecordCount > 0)
        {
            return;
        }

        throw spool.SeenCount == 0 ? new RequestException(FaultCodes.SourceEmpty, "No object came in; no backup was made.")
            : spool.SubjectlessCount == spool.SeenCount ? new RequestException(FaultCodes.NoRecordHasSubject, $"None of the {spool.SeenCount:N0} objects says whose it is; no backup was made.")
            : new RequestException(FaultCodes.SourceUnreadable, $"None of the {spool.SeenCount:N0} objects could be stored; no backup was made. The first: {spool.Faults[0].Message}");
    }

    /// <summary>
    /// The listing stands already when this is asked, so whoever was erased since it was made stands in it: then the run ends without a manifest. The time between
    /// is that of the last pack's upload.
    /// </summary>
    private static async Task RequireNobodyErasedAsync(SubjectKeyIssuer issuer, RecordListing listing, CancellationToken cancellationToken)
    {
        var erased = await issuer.ErasedSinceAsync(cancellationToken);
        if (!erased.IsSubsetOf(listing.Erased))
        {
            throw new VaultException(FaultCodes.SubjectErasedMeanwhile, "A customer was erased between the listing and the manifest of this backup.");
        }
    }

    private static SnapshotDraft DraftOf(
        BackupSession session, BackupOptions options, RecordSpool spool, RecordListing listing, SnapshotContents contents, ProgressSnapshot progress)
    {
        var draft = SnapshotDraft.Of(session, options, contents, progress);
        draft = draft with
        {
            Summary = draft.Summary with
            {
                EntryCount = listing.EntryCount,
                FileCount = listing.EntryCount - 1,
                ContentBytes = listing.ContentBytes,
                FaultCount = spool.Faults.Count,
                Outcome = OutcomeOf(spool),
                Kind = SnapshotKind.Records,
                RecordCount = spool.RecordCount,
                SubjectCount = listing.SubjectCount,
            },
        };
        return draft.Judged(session, options);
    }

    private static SnapshotOutcome OutcomeOf(RecordSpool spool) => spool.Faults.Count == 0 ? SnapshotOutcome.Succeeded : SnapshotOutcome.SucceededDegraded;

    private static BackupResult ToResult(Snapshot snapshot, RecordSpool spool, BackupSession session, ProgressSnapshot progress, TimeSpan elapsed) => new()
    {
        Snapshot = snapshot,
        Outcome = snapshot.Outcome,
        Faults = spool.Faults,
        FilesNew = 0,
        FilesChanged = 0,
        FilesUnchanged = 0,
        BytesRead = spool.ContentBytes,
        BytesStored = progress.BytesStored,
        ChunksNew = progress.ChunksNew,
        ChunksKnown = progress.ChunksKnown,
        PacksAdopted = session.PacksAdopted,
        Elapsed = elapsed,
    };
}
