using System.Diagnostics;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Takes a backup. Wiring only: the stages stand in <c>Stages/</c>, their hand-offs in <see cref="BackupChannels"/>. The order of what becomes durable is the
/// safety: packs, index segments, reference pages, manifest. Until the manifest exists there is no snapshot, and all that was stored is found and
/// used by the next run.
/// </summary>
public static class BackupCorridor
{
    /// <exception cref="RequestException">SourceEmpty, SourceUnreadable: nothing was committed.</exception>
    /// <exception cref="KeyException">This member may not write the data set.</exception>
    public static async Task<BackupResult> RunAsync(
        UnlockedVault vault, ISource source, BackupOptions options, RunContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await RunOnceAsync(vault, source, options, context, cancellationToken) with { Traffic = vault.TakeTraffic() };
        }
        catch (VaultException lapse) when (lapse.Code == FaultCodes.SessionLapsed && source.CanRepeat)
        {
            // What is gone is read and stored anew, under a new session; what is still there is found and used.
            context.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The backup is taken once more. {lapse.Message}", lapse.Code));
            return await RunOnceAsync(vault, source, options, context, cancellationToken) with { Traffic = vault.TakeTraffic() };
        }
    }

    private static async Task<BackupResult> RunOnceAsync(
        UnlockedVault vault, ISource source, BackupOptions options, RunContext context, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        await using var session = await BackupSession.OpenAsync(vault, options, SnapshotKind.Files, context, cancellationToken);
        using var listingBuilder = new ListingBuilder(session.Chunks, vault.Keys.Chunker);
        using var cache = session.OpenListingCache(options);
        var parts = new EntryChunkerParts(session.Chunks, listingBuilder, cache.Previous, cache.Rule, cache.Next)
        {
            SmallFiles = new SmallFileReader(session.Chunks, session.Chunker, session.Meter, cache.Rule),
            Meter = session.Meter,
            Counters = context.Counters,
            Sink = context.Sink,
        };
        using var entries = new EntryChunker(parts, session.Chunker);

        var contents = await StoreAllAsync(session, source, parts.SmallFiles, entries, listingBuilder, context, cancellationToken);
        var draft = SnapshotDraft.Of(session, options, entries, contents, context.Counters.Sample());
        var snapshot = await session.CommitAsync(draft, cancellationToken);
        cache.Commit(context.Sink);
        return ToResult(snapshot, entries, session, context.Counters.Sample(), clock.Elapsed);
    }

    /// <summary>Runs the stages, in reading order, until everything that the manifest will name is stored.</summary>
    private static Task<SnapshotContents> StoreAllAsync(
        BackupSession session, ISource source, SmallFileReader small, EntryChunker entries, ListingBuilder listing, RunContext context, CancellationToken cancellationToken) =>
        StoringStages.RunAsync(
            session,
            context.Counters,
            stages =>
            {
                stages.StartBlocking(token => SourceWalker.Run(source, session.Channels, small, token));
                for (var reader = 0; reader < SmallFileReader.Readers; reader++)
                {
                    stages.StartBlocking(small.Run);
                }
            },
            token => ListAsync(session.Channels, entries, listing, token),
            cancellationToken);

    /// <summary>Stage 2 and, once the last entry is in, what the listing itself consists of; then nothing more is claimed.</summary>
    private static async Task<SnapshotContents> ListAsync(BackupChannels channels, EntryChunker entries, ListingBuilder listing, CancellationToken cancellationToken)
    {
        try
        {
            await entries.RunAsync(channels.Items.Reader, cancellationToken);
            RequireSomething(entries);
            var identities = await entries.FinishIdentitiesAsync(cancellationToken);
            var faults = await entries.StoreFaultsAsync(cancellationToken);
            var root = await listing.FinishAsync(cancellationToken);
            channels.Claimed.Writer.Complete();
            return new SnapshotContents(root, identities, faults);
        }
        finally
        {
            await entries.SettleAsync();
        }
    }

    /// <summary>An empty backup is never made: it would look like a good one.</summary>
    private static void RequireSomething(EntryChunker entries)
    {
        if (entries.Counts.NotFolders > 0)
        {
            return;
        }

        throw entries.Faults.Count == 0
            ? new RequestException(FaultCodes.SourceEmpty, "The paths hold no file that is not excluded; no backup was made.")
            : new RequestException(FaultCodes.SourceUnreadable, $"Nothing could be read; no backup was made. {entries.Faults.Count} fault(s), the first: {entries.Faults[0].Message}");
    }

    private static BackupResult ToResult(Snapshot snapshot, EntryChunker entries, BackupSession session, ProgressSnapshot progress, TimeSpan elapsed) => new()
    {
        Snapshot = snapshot,
        Outcome = snapshot.Outcome,
        Faults = entries.Faults,
        FilesNew = entries.Counts.FilesNew,
        FilesChanged = entries.Counts.FilesChanged,
        FilesUnchanged = entries.Counts.FilesUnchanged,
        BytesRead = entries.Counts.BytesRead,
        BytesStored = progress.BytesStored,
        ChunksNew = progress.ChunksNew,
        ChunksKnown = progress.ChunksKnown,
        PacksAdopted = session.PacksAdopted,
        Elapsed = elapsed,
    };
}

/// <summary>What the listing of a snapshot consists of.</summary>
internal sealed record SnapshotContents(ListingRoot? Root, ContentRef Identities, ContentRef? Faults);
