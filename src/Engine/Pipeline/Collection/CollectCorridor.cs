using System.Diagnostics;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// Deletes what no snapshot needs any more, without a lock and without ever keeping a backup waiting. Wiring only. Nothing waits in here: each call does what is due now, says when the next
/// step is, and may be ended at any point; the target alone knows how far the work is.
/// </summary>
public static class CollectCorridor
{
    /// <summary>What a run would do now. Writes nothing, and so goes by this computer's clock.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public static async Task<CollectResult> PlanAsync(UnlockedVault vault, CollectOptions options, CancellationToken cancellationToken)
    {
        options.Require();
        CollectView.RequireAllowed(vault);
        RequireReader(vault, options);
        var view = await CollectView.TakeAsync(vault, StoreClock.Guess(vault), cancellationToken);
        var plan = CollectPlan.Of(view);
        var run = new CollectRun(vault, options, new RunContext(new ProgressCounters(), vault.Sink), view);
        await GuardAsync(run, () => ForecastAsync(run, plan, cancellationToken));
        var deleted = plan.Due.SelectMany(static due => due.Unneeded).DistinctBy(static pack => pack.Id).ToList();
        var bytes = deleted.Sum(static pack => pack.LengthBytes);
        var keyring = await KeyringUpkeep.PlanAsync(vault, cancellationToken);
        return new CollectResult
        {
            SubjectsErased = keyring.Erased,
            SubjectKeysFolded = keyring.KeysFolded,
            KeyringObjectsDeleted = keyring.ObjectsDeleted,
            BytesBefore = view.Inventory.TotalBytes,
            BytesAfter = view.Inventory.TotalBytes - bytes + run.BytesRewritten,
            PacksDeleted = deleted.Count,
            BytesDeleted = bytes,
            PacksLifted = plan.Due.SelectMany(static due => due.Needed).DistinctBy(static pack => pack.Id).Count(),
            PacksCondemned = plan.Condemn.Count,
            BytesCondemned = plan.Condemn.Sum(static pack => pack.LengthBytes),
            PacksChosen = run.PacksChosen,
            BytesChosen = run.BytesChosen,
            PacksTooYoung = run.PacksTooYoung,
            PacksCompacted = run.PacksCompacted,
            BytesRewritten = run.BytesRewritten,
            SegmentsMerged = await new IndexMerger(run).ForecastAsync(cancellationToken),
            NextDue = plan.NextDue,
            Traffic = vault.TakeTraffic(),
        };
    }

    /// <exception cref="RequestException">NotAMaintainer, CollectionOutOfRange, CompactionNeedsReader.</exception>
    /// <exception cref="VaultException">CollectionStopped, ReferenceSetUnreadable, CollectionUnsafeHere: nothing was changed.</exception>
    public static async Task<CollectResult> RunAsync(UnlockedVault vault, CollectOptions options, RunContext context, CancellationToken cancellationToken)
    {
        options.Require();
        CollectView.RequireAllowed(vault);
        RequireReader(vault, options);
        var stopwatch = Stopwatch.StartNew();
        var clock = await StoreClock.AskAsync(vault, cancellationToken);
        var view = await CollectView.TakeAsync(vault, clock, cancellationToken);
        var plan = CollectPlan.Of(view);
        var run = new CollectRun(vault, options, context, view);

        // What is moved out of packs is moved while they stand under a marker whose wait is over: no snapshot to come can name them. A crash here leaves new packs that nothing needs, and
        // that a later call condemns.
        await GuardAsync(run, () => new Compactor(run).MoveAsync(plan.Due, cancellationToken));

        // A crash here leaves a marker whose packs are partly gone: the next call deletes the rest.
        await new Sweeper(run).SweepAsync(plan.Due, cancellationToken);

        // A crash here leaves packs unmarked that the next call marks. The new marker stands before the old one goes.
        await new Condemner(run).CondemnAsync(plan, cancellationToken);

        // All of this is idempotent, and each object is unneeded by itself: a crash leaves some for the next call.
        await new Tidier(run).TidyAsync(plan, cancellationToken);
        await new IndexMerger(run).MergeAsync(cancellationToken);

        // A crash here leaves what a crash of an erasure leaves, and the next call ends it.
        run.Keyring = await KeyringUpkeep.RunAsync(run, cancellationToken);
        run.ReportKept();
        return run.ToResult(plan.NextDue, stopwatch.Elapsed);
    }

    private static async Task ForecastAsync(CollectRun run, CollectPlan plan, CancellationToken cancellationToken)
    {
        if (run.Options.MaxUnusedPercent is not { } percent)
        {
            return;
        }

        (run.PacksCompacted, run.BytesRewritten) = await new Compactor(run).ForecastAsync(plan.Due, cancellationToken);
        var finder = new WasteFinder(run);
        var chosen = await finder.FindAsync(percent, cancellationToken);
        run.PacksTooYoung = finder.TooYoung;
        (run.PacksChosen, run.BytesChosen) = (chosen.Count, chosen.Sum(static pack => (long)pack.LengthBytes));
    }

    /// <summary>What cannot be compacted is told, and what nothing needs is collected all the same.</summary>
    internal static async Task GuardAsync(CollectRun run, Func<Task> compact)
    {
        try
        {
            await compact();
        }
        catch (VaultException fault) when (fault.Code == FaultCodes.CompactionStopped)
        {
            run.Context.Sink.Report(new BackupEvent(EventSeverity.Warning, fault.Message, fault.Code));
        }
        catch (TargetException full) when (full.Fault == TargetFault.QuotaExceeded)
        {
            // What was to be written there finds no room; what frees some needs none.
            run.Context.Sink.Report(new BackupEvent(EventSeverity.Warning, full.Message, full.Code));
        }
    }

    /// <exception cref="RequestException">CompactionNeedsReader.</exception>
    internal static void RequireReader(UnlockedVault vault, CollectOptions options)
    {
        if (options.MaxUnusedPercent is not null && !vault.IsReader)
        {
            throw new RequestException(FaultCodes.CompactionNeedsReader, $"The key of {vault.Register.Find(vault.Self)?.Name} opens no packs.");
        }
    }
}
