using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// Chooses the packs that compaction is to rewrite: those of which too great a share is unused, and small ones where there are many. They are condemned first, so that no snapshot to come
/// names them while what is needed in them is moved.
/// </summary>
internal sealed class WasteFinder(CollectRun run)
{
    /// <summary>What one marker lets be rewritten: a few minutes' work, so that it is done while the marker lasts.</summary>
    private const long MaxBytes = 4L << 30;
    private const int MaxPacks = 1024;
    private const int MaxChunks = 2_000_000;

    /// <summary>Every run leaves two packs that are not full. So many of an eighth of the size are worth two rewritten.</summary>
    private const int ManySmallPacks = 16;
    private const int SmallPart = 8;

    /// <summary>What a request lists.</summary>
    private const int PacksInPage = 1_000;

    /// <summary>Of those that would have been chosen, packs so young that the store would be paid for them and for what takes over from them.</summary>
    internal int TooYoung { get; private set; }

    internal async Task<IReadOnlyList<PackRecord>> FindAsync(int maxUnusedPercent, CancellationToken cancellationToken)
    {
        var view = run.View;
        if (view.Markers.Any(marker => view.DeadlineOf(marker) > view.Clock.AtMost && marker.Marker.Packs.Any(view.Live.Needs)))
        {
            // What was chosen before is rewritten first.
            return [];
        }

        using var index = await ChunkIndexLoader.OpenForReadingAsync(run.Vault, run.Vault.Self, run.Context.Sink, cancellationToken);
        using var fetcher = new ChunkFetcher(run.Vault.RequireReader(), index);
        var live = new LiveFrames(run.Vault.RequireReader(), index, fetcher, IsWanted);
        return await live.WalkAsync(view.Snapshots, run.GoesOn, cancellationToken) ? await ChooseAsync(live, maxUnusedPercent, cancellationToken) : [];
    }

    private bool IsWanted(PackId pack) => run.View.Live.Needs(pack) && run.View.Inventory.Has(pack) && !run.View.Relocations.IsLeft(pack);

    private async Task<IReadOnlyList<PackRecord>> ChooseAsync(LiveFrames live, int maxUnusedPercent, CancellationToken cancellationToken)
    {
        var packs = live.Packs.Values.OrderBy(static frames => frames.LiveBytes).ToList();
        var small = packs.Where(frames => frames.Pack.LengthBytes < run.Vault.Register.Parameters.PackSizeBytes / SmallPart).ToHashSet();
        var youngest = run.View.Clock.AtLeast - run.View.Policy.SessionLapse;
        var paidUntil = run.Vault.Target.Capabilities.MinStorageTime is { } least ? run.View.Clock.AtLeast - least : DateTimeOffset.MaxValue;
        var wasteful = packs.Where(frames => small.Contains(frames) ? small.Count >= ManySmallPacks : IsWasteful(frames, maxUnusedPercent)).ToList();
        var storedAt = await StoreTimesAsync([.. wasteful.Select(static frames => frames.Pack.Id)], cancellationToken);
        var chosen = new List<PackRecord>();
        var (bytes, chunks) = (0L, 0L);
        foreach (var frames in wasteful)
        {
            if (!storedAt.TryGetValue(frames.Pack.Id, out var stored) || stored >= youngest)
            {
                continue;
            }

            if (stored >= paidUntil)
            {
                TooYoung++;
                continue;
            }

            if (live.HasSealedLists && !small.Contains(frames) && !(await TryMarkSubjectsAsync(frames, cancellationToken) && IsWasteful(frames, maxUnusedPercent)))
            {
                continue;
            }

            if (bytes + frames.Pack.LengthBytes > MaxBytes || chunks + frames.Pack.ChunkCount > MaxChunks || chosen.Count == MaxPacks)
            {
                break;
            }

            chosen.Add(frames.Pack);
            bytes += frames.Pack.LengthBytes;
            chunks += frames.Pack.ChunkCount;
        }

        return chosen;
    }

    /// <summary>In as few requests as may be: a question for each, or one listing of all.</summary>
    private async Task<Dictionary<PackId, DateTimeOffset>> StoreTimesAsync(HashSet<PackId> packs, CancellationToken cancellationToken)
    {
        var target = run.Vault.Target;
        var times = new Dictionary<PackId, DateTimeOffset>();
        if (packs.Count <= Math.Max(1, run.View.Inventory.Count / PacksInPage))
        {
            foreach (var pack in packs)
            {
                if (await target.StatAsync(ObjectNames.Pack(pack), cancellationToken) is { } stat)
                {
                    times.Add(pack, stat.StoreTime);
                }
            }

            return times;
        }

        await foreach (var stat in target.ListAsync(ObjectNames.Packs, cancellationToken))
        {
            if (ObjectNames.TryParseId(stat.Name, ObjectNames.Packs, out var id) && packs.Contains(new PackId(id)))
            {
                times[new PackId(id)] = stat.StoreTime;
            }
        }

        return times;
    }

    private static bool IsWasteful(FrameSet frames, int maxUnusedPercent) => frames.LiveBytes * 100 < (100L - maxUnusedPercent) * frames.Pack.LengthBytes;

    /// <summary>By the pack's own table, a few kilobytes: any of its subjects' frames may stand in a list that nobody can read here. False where it does not tell.</summary>
    private async Task<bool> TryMarkSubjectsAsync(FrameSet frames, CancellationToken cancellationToken)
    {
        try
        {
            var told = await new IndexRebuilder(run.Vault.Target, SegmentSealings.AccessOf(run.Vault)).ReadTableAsync(frames.Pack.Id, frames.Pack.LengthBytes, cancellationToken);
            foreach (var entry in told.Entries.Where(static entry => entry.Sealing == ChunkSealing.Subject))
            {
                frames.Mark(entry);
            }

            return true;
        }
        catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
        {
            return false;
        }
    }
}
