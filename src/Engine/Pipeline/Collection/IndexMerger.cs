using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// Joins small index segments, so that a lookup asks few, and leaves out packs that are gone. A merged segment is believed before a writer's own, so anybody else's word goes into it only after
/// each of its packs has said the same under its writer's signature: no stolen writer or maintainer gets its words into this one's mouth. What a maintainer merged who was revoked is rewritten
/// in the same way, since no backup leans on it any more. A verifier's attestations are its own word for what others may rely on, so nobody but the verifier joins them.
/// The old segments stay until every reader that may have them open is done.
/// </summary>
internal sealed class IndexMerger(CollectRun run)
{
    /// <summary>32 MB of memory, and 27 MB in the vault.</summary>
    private const int MaxChunks = 524_288;

    /// <summary>Fewer are left as they are: joining them would save little and rewrite what the next run adds to.</summary>
    private const int ManySegments = 8;

    /// <summary>A segment with this share of packs that are gone is written anew.</summary>
    private const int MaxGonePercent = 25;

    private readonly UnlockedVault _vault = run.Vault;
    private readonly Dictionary<PackId, bool> _asked = [];
    private readonly IndexRebuilder _tables = new(run.Vault.Target, SegmentSealings.AccessOf(run.Vault));

    /// <summary>What a reader takes in one segment, whatever the old ones claimed to hold.</summary>
    internal int MaxChunksWritten { get; init; } = IndexLayout.MaxChunks;

    internal int MaxReplaced { get; init; } = IndexLayout.MaxReplaced;

    internal async Task MergeAsync(CancellationToken cancellationToken)
    {
        if (run.IsOver())
        {
            return;
        }

        var cache = new PageCache();
        using var catalog = await SegmentCatalog.LoadAsync(_vault.Target, SegmentSealings.AccessOf(_vault), cache, cancellationToken);
        await DeleteSupersededAsync(catalog, cancellationToken);
        foreach (var isAttestation in new[] { false, true })
        {
            foreach (var group in await GroupsAsync(catalog, isAttestation, cancellationToken))
            {
                if (run.IsOver())
                {
                    return;
                }

                await MergeAsync(group, isAttestation, cancellationToken);
            }
        }
    }

    /// <summary>How many segments would be joined now.</summary>
    internal async Task<long> ForecastAsync(CancellationToken cancellationToken)
    {
        using var catalog = await SegmentCatalog.LoadAsync(_vault.Target, SegmentSealings.AccessOf(_vault), new PageCache(), cancellationToken);
        return (await GroupsAsync(catalog, isAttestation: false, cancellationToken)).Concat(await GroupsAsync(catalog, isAttestation: true, cancellationToken)).Sum(static group => (long)group.Count);
    }

    /// <summary>Whoever opened the index before the merged segment was there may still read the old ones.</summary>
    private async Task DeleteSupersededAsync(SegmentCatalog catalog, CancellationToken cancellationToken)
    {
        var view = run.View;
        var due = new List<ObjectName>();
        foreach (var (name, replacedAt) in catalog.Superseded)
        {
            var (settled, clear) = (replacedAt + view.Policy.GraceTime, view.Sessions.ClearFrom(replacedAt, view.Clock.AtLeast));
            if (settled <= view.Clock.AtLeast && clear <= view.Clock.AtLeast)
            {
                due.Add(name);
            }
            else
            {
                run.Await(settled > clear ? settled : clear);
            }
        }

        await run.TidyAsync(due, cancellationToken);
    }

    private Task<List<List<IndexSegment>>> GroupsAsync(SegmentCatalog catalog, bool isAttestation, CancellationToken cancellationToken) =>
        ChooseAsync(catalog.Segments.Where(segment => segment.IsAttestation == isAttestation && (!isAttestation || segment.Signer.Id == _vault.Self)), cancellationToken);

    private async Task<List<List<IndexSegment>>> ChooseAsync(IEnumerable<IndexSegment> segments, CancellationToken cancellationToken)
    {
        var small = new List<IndexSegment>();
        var stale = new List<IndexSegment>();
        foreach (var segment in segments)
        {
            if (segment is { IsMerged: true, Signer.IsRevoked: true } || await IsStaleAsync(segment, cancellationToken))
            {
                stale.Add(segment);
            }
            else if (segment.ChunkCount < MaxChunks / 2)
            {
                small.Add(segment);
            }
        }

        var chosen = small.Count >= ManySegments ? stale.Concat(small) : stale;
        var groups = new List<List<IndexSegment>>();
        var chunks = 0L;
        foreach (var segment in chosen.OrderBy(static segment => segment.ChunkCount))
        {
            if (groups.Count == 0 || chunks + segment.ChunkCount > MaxChunks || groups[^1].Count == MaxReplaced)
            {
                groups.Add([]);
                chunks = 0;
            }

            groups[^1].Add(segment);
            chunks += segment.ChunkCount;
        }

        return groups;
    }

    private async Task<bool> IsStaleAsync(IndexSegment segment, CancellationToken cancellationToken)
    {
        var gone = 0;
        try
        {
            await foreach (var pack in segment.EnumeratePacksAsync(cancellationToken))
            {
                gone += run.View.Inventory.Has(pack.Id) ? 0 : 1;
            }
        }
        catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
        {
            return false;
        }

        return gone * 100 > segment.PackCount * MaxGonePercent && gone < segment.PackCount;
    }

    private async Task MergeAsync(List<IndexSegment> group, bool isAttestation, CancellationToken cancellationToken)
    {
        var builder = new IndexSegmentBuilder(IndexLayout.MaxChunks);
        var replaced = new List<ObjectId>();
        foreach (var segment in group)
        {
            if (await TryReadAsync(segment, cancellationToken) is { } chunks && builder.ChunkCount + chunks.Count <= MaxChunksWritten)
            {
                chunks.ForEach(chunk => builder.Add(chunk.Pack, chunk.Entry));
                replaced.Add(segment.Id);
            }
        }

        if (replaced.Count == 0 || builder.ChunkCount == 0 || (replaced.Count == 1 && group.Count > 1))
        {
            return;
        }

        // A crash before it leaves nothing; after it the old segments are superseded, and readers drop them by themselves.
        await SegmentUpload.StoreAsync(_vault, builder, SegmentSealings.Of(_vault) with { Replaced = replaced, IsAttestation = isAttestation }, cancellationToken);
        run.SegmentsMerged += replaced.Count;
        run.Await(run.View.Clock.AtMost + run.View.Policy.GraceTime);
    }

    /// <summary>Null where something of it does not hold: then it stays as it is, and counts for what its signer may say.</summary>
    private async Task<List<(PackRecord Pack, PackEntry Entry)>?> TryReadAsync(IndexSegment segment, CancellationToken cancellationToken)
    {
        run.Context.Counters.SetCurrentItem(segment.Name);
        try
        {
            return segment.IsMerged && segment.Signer.Id == _vault.Self ? await ReadOwnAsync(segment, cancellationToken) : await ReadByTablesAsync(segment, cancellationToken);
        }
        catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
        {
            _vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The index segment '{segment.Name}' is not merged: {fault.Message}", fault.Code));
            return null;
        }
    }

    private async Task<List<(PackRecord Pack, PackEntry Entry)>> ReadOwnAsync(IndexSegment segment, CancellationToken cancellationToken)
    {
        var chunks = new List<(PackRecord, PackEntry)>(segment.ChunkCount);
        await foreach (var chunk in segment.EnumerateChunksAsync(cancellationToken))
        {
            if (await IsThereAsync(chunk.Pack.Id, cancellationToken))
            {
                chunks.Add((chunk.Pack, chunk.Entry));
            }
        }

        return chunks;
    }

    /// <summary>The inventory may be older than the segment, or lag: a pack that it lacks is asked for by name before it is left out.</summary>
    private async ValueTask<bool> IsThereAsync(PackId pack, CancellationToken cancellationToken)
    {
        if (run.View.Inventory.Has(pack))
        {
            return true;
        }

        if (!_asked.TryGetValue(pack, out var isThere))
        {
            isThere = await _vault.Target.StatAsync(ObjectNames.Pack(pack), cancellationToken) is not null;
            _asked.Add(pack, isThere);
        }

        return isThere;
    }

    /// <summary>By the packs' own tables, a few kilobytes each: what this maintainer merged once need not be asked again.</summary>
    private async Task<List<(PackRecord Pack, PackEntry Entry)>> ReadByTablesAsync(IndexSegment segment, CancellationToken cancellationToken)
    {
        var chunks = new List<(PackRecord, PackEntry)>(segment.ChunkCount);
        await foreach (var pack in segment.EnumeratePacksAsync(cancellationToken))
        {
            if (!await IsThereAsync(pack.Id, cancellationToken))
            {
                continue;
            }

            var told = await _tables.ReadTableAsync(pack.Id, pack.LengthBytes, cancellationToken);
            if (told.Writer.Id != pack.Writer || told.Entries.Count != pack.ChunkCount)
            {
                throw new IntegrityException(FaultCodes.SegmentPoisoned, $"'{segment.Name}', signed by {segment.Signer.Name} ({segment.Signer.Id}), claims the pack {pack.Id} with {pack.ChunkCount} chunks; {told.Writer.Name} signed it, with {told.Entries.Count}.");
            }

            chunks.AddRange(told.Entries.Select(entry => (pack, entry)));
        }

        return chunks;
    }
}
