using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// Moves what is needed out of condemned packs. Their marker is due: every writer that may have leaned on them has ended, and no new one leans on them. So the snapshots that this call sees are
/// all that will ever name these packs, and what they do not need of them is not needed. Order of durability: packs, index segment, relocation. The old packs stay until the relocation is a
/// grace time old, for those who read by the index as it was.
/// </summary>
internal sealed class Compactor(CollectRun run)
{
    internal async Task MoveAsync(IReadOnlyList<DueMarker> due, CancellationToken cancellationToken)
    {
        if (run.Options.MaxUnusedPercent is null)
        {
            return;
        }

        foreach (var marker in due)
        {
            var packs = ToMove(marker);
            if (packs.Count > 0 && !run.IsOver())
            {
                await MoveAsync(packs, run.View.DeadlineOf(marker.Marker), cancellationToken);
            }
        }
    }

    /// <summary>What would be moved now, and about how many bytes of it. Reads the listings and no packs.</summary>
    internal async Task<(long Packs, long Bytes)> ForecastAsync(IReadOnlyList<DueMarker> due, CancellationToken cancellationToken)
    {
        var packs = due.SelectMany(ToMove).Select(static pack => pack.Id).ToHashSet();
        if (packs.Count == 0)
        {
            return (0, 0);
        }

        using var index = await ChunkIndexLoader.OpenForReadingAsync(run.Vault, run.Vault.Self, run.Context.Sink, cancellationToken);
        using var fetcher = new ChunkFetcher(run.Vault.RequireReader(), index);
        var live = new LiveFrames(run.Vault.RequireReader(), index, fetcher, packs.Contains);
        return await live.WalkAsync(run.View.Snapshots, run.GoesOn, cancellationToken)
            ? (live.Packs.Count, live.Packs.Values.Sum(static frames => frames.LiveBytes))
            : (0, 0);
    }

    private List<FoundPack> ToMove(DueMarker marker) => [.. marker.Needed.Where(pack => !run.View.Relocations.IsLeft(pack.Id))];

    private async Task MoveAsync(IReadOnlyList<FoundPack> packs, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        using var index = await ChunkIndexLoader.OpenForReadingAsync(run.Vault, run.Vault.Self, run.Context.Sink, cancellationToken);
        using var fetcher = new ChunkFetcher(run.Vault.RequireReader(), index);
        var live = new LiveFrames(run.Vault.RequireReader(), index, fetcher, static _ => false);
        var tables = await AskAsync(packs, live, cancellationToken);
        if (tables.Count == 0 || !await live.WalkAsync(run.View.Snapshots, run.GoesOn, cancellationToken))
        {
            return;
        }

        using var output = new CompactedPacks(run);
        using var mover = new FrameMover(run.Vault.RequireReader(), live, output);
        foreach (var pack in tables)
        {
            // What was moved by then is committed below; the packs that were not reached stay as they are.
            if (run.IsOver() || run.View.Clock.AtMost >= deadline)
            {
                break;
            }

            await mover.MoveAsync(pack, run.Context.Sink, cancellationToken);
        }

        await output.FinishAsync(cancellationToken);
        if (output.Stored.Count > 0)
        {
            await CommitAsync(output, mover, deadline, cancellationToken);
        }
    }

    /// <summary>
    /// Asks about every chunk that stands in the packs' own tables, under their writers' signatures: what the index no longer knows to lie here may be all that a snapshot has, also where
    /// the index knows another place.
    /// </summary>
    /// <returns>Packs of which it is known what is in them; the others stay as they are.</returns>
    private async Task<List<PackRecord>> AskAsync(IReadOnlyList<FoundPack> packs, LiveFrames live, CancellationToken cancellationToken)
    {
        var tables = new IndexRebuilder(run.Vault.Target, SegmentSealings.AccessOf(run.Vault));
        var known = new List<PackRecord>();
        foreach (var pack in packs)
        {
            if (run.IsOver())
            {
                return [];
            }

            try
            {
                var table = await tables.ReadTableAsync(pack.Id, pack.LengthBytes, cancellationToken);
                known.Add(table.Record);
                foreach (var entry in table.Entries)
                {
                    live.AskAbout(entry.Chunk);
                }
            }
            catch (BackupException damage) when (ChunkFetcher.IsOfOnePlace(damage))
            {
                run.Context.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The pack {pack.Id} is not compacted: {damage.Message}", FaultCodes.PackUnmovable));
            }
        }

        return known;
    }

    private async Task CommitAsync(CompactedPacks output, FrameMover mover, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        // A crash before the segment leaves packs that nobody knows; after it, chunks that lie in two places.
        await StoreSegmentAsync(output.Stored, cancellationToken);
        var moves = mover.MovesTo(output);
        if (run.View.Clock.AtMost >= deadline || moves.Count > Relocation.MaxMoves)
        {
            return;
        }

        // A crash after it leaves old packs that nothing needs once it is settled. One that slept on its way to the store says itself that it came too late, also if this host never wakes.
        var header = run.Vault.NewHeader(ObjectKind.Relocation, isSealed: true);
        var relocation = new Relocation(run.Vault.Register.Head, moves, run.Vault.Now) { Deadline = Timestamp.From(deadline) };
        var name = ObjectNames.Relocation(header.Object);
        var receipt = await run.Vault.Store.PutAsync(name, relocation.Seal(header, run.Vault.Keys, run.Vault.SelfKey), cancellationToken);
        if (receipt.StoreTime >= deadline)
        {
            await run.TidyAsync([name], cancellationToken);
            return;
        }

        run.PacksCompacted += mover.Moved.Count;
        run.Moved.UnionWith(mover.Moved);
        run.Await(run.View.Clock.AtMost + run.View.Policy.GraceTime);
    }

    private async Task StoreSegmentAsync(IReadOnlyList<StoredCompaction> packs, CancellationToken cancellationToken)
    {
        var builder = new IndexSegmentBuilder();
        foreach (var pack in packs)
        {
            if (!builder.TryAdd(pack.Record, pack.Entries))
            {
                await StoreAsync(builder, cancellationToken);
                builder = new IndexSegmentBuilder();
                builder.TryAdd(pack.Record, pack.Entries);
            }
        }

        await StoreAsync(builder, cancellationToken);
    }

    private async Task StoreAsync(IndexSegmentBuilder builder, CancellationToken cancellationToken) =>
        await SegmentUpload.StoreAsync(run.Vault, builder, SegmentSealings.Of(run.Vault), cancellationToken);
}
