using System.Collections;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// What one backup holds open: its announced session, the index as far as it may be leaned on, and the way to the manifest. The session is announced before anything that it leans on is
/// looked up, so that no collection deletes what is found.
/// </summary>
internal sealed class BackupSession : IAsyncDisposable
{
    private readonly WriterSession _session;
    private readonly SnapshotCatalog _snapshots;
    private readonly ChunkIndex _index;

    private BackupSession(UnlockedVault vault, WriterSession session, SnapshotCatalog snapshots, ChunkIndex index, BackupChannels channels, ChunkStore chunks)
    {
        Vault = vault;
        _session = session;
        _snapshots = snapshots;
        _index = index;
        Channels = channels;
        Chunks = chunks;
        Committer = new IndexCommitter(channels, vault, index, chunks);
        StartedAt = vault.Now;
    }

    internal UnlockedVault Vault { get; }

    internal BackupChannels Channels { get; }

    internal ChunkStore Chunks { get; }

    internal IndexCommitter Committer { get; }

    internal required ContentMeter Meter { get; init; }

    /// <summary>The vault's.</summary>
    internal required IChunker Chunker { get; init; }

    /// <summary>Reference pages that are there.</summary>
    internal required IReadOnlySet<ObjectId> KnownPages { get; init; }

    internal required CompressionGoal Compression { get; init; }

    /// <summary>What this run is compared with, newest first; none where nothing can be compared.</summary>
    internal required IReadOnlyList<SnapshotSummary> GoodOnes { get; init; }

    internal Timestamp StartedAt { get; }

    internal long PacksAdopted { get; private set; }

    internal static async Task<BackupSession> OpenAsync(UnlockedVault vault, BackupOptions options, SnapshotKind kind, RunContext context, CancellationToken cancellationToken)
    {
        RequireEntitled(vault, options.DataSet);
        var chunker = vault.CreateChunker();
        var loading = SnapshotCatalog.LoadAsync(vault, cancellationToken);
        var announcing = AnnounceAsync(vault, cancellationToken);
        ChunkIndex? index = null;
        try
        {
            await Task.WhenAll(loading, announcing);
            var (snapshots, (session, markers, begun)) = (await loading, await announcing);
            snapshots.ReportProblems(context.Sink);
            Expect(snapshots.Select(new SnapshotQuery { DataSet = options.DataSet }).FirstOrDefault(), context.Counters);

            // After the markers: one that was there before the session is not waited for, and may have served by the time that it is looked for; but then its packs are gone from the list.
            var good = GoodOnesOf(vault, snapshots, options, kind);
            var moved = RelocationMap.LoadAsync(vault, cancellationToken);
            var packs = PackInventory.TakeAsync(vault.Target, cancellationToken);
            var named = LastGoodPacks.LoadAsync(vault, good.FirstOrDefault(), DoubtfulOnesOf(vault, snapshots, options), moved, cancellationToken);
            var segments = ChunkIndexLoader.ListForWritingAsync(vault, cancellationToken);
            await Task.WhenAll(moved, packs, named, segments);
            var (inventory, lastGood) = (await packs, await named);
            var condemned = CondemnedMarkers.UnusableOf(markers, await moved, begun);
            index = await ChunkIndexLoader.OpenForWritingAsync(vault, await segments, inventory, condemned, context.Sink, cancellationToken);
            var channels = new BackupChannels();
            var meter = new ContentMeter(index, lastGood.Packs);
            var chunks = new ChunkStore(index, vault, channels, context.Counters, meter);
            var backup = new BackupSession(vault, session, snapshots, index, channels, chunks) { Meter = meter, Chunker = chunker, KnownPages = lastGood.Pages, Compression = options.Compression, GoodOnes = [.. good.Select(static snapshot => snapshot.Summary)] };
            await backup.AdoptAsync(inventory, condemned, context.Sink, cancellationToken);
            return backup;
        }
        catch
        {
            index?.Dispose();
            await (announcing.IsCompletedSuccessfully ? GiveUpAsync(vault, (await announcing).Session, loading, cancellationToken) : Task.CompletedTask);
            throw;
        }
    }

    internal ListingCachePair OpenListingCache(BackupOptions options)
    {
        var cache = new ListingCache(Vault.Host.FolderOf(Vault.Id), Vault.Id, Vault.Keys.DataSetIdOf(options.DataSet), Vault.SelfKey);
        return new ListingCachePair(cache, options, StartedAt);
    }

    /// <summary>
    /// A crash before the manifest leaves packs, segments and reference pages that the next run finds and uses; after it the snapshot exists, and only the end
    /// of the session and the host's memory are missing, which both may be.
    /// </summary>
    /// <param name="lastCheck">What may still forbid the manifest; asked right before it.</param>
    internal async Task<Snapshot> CommitAsync(SnapshotDraft draft, CancellationToken cancellationToken, Func<Task>? lastCheck = null)
    {
        var packs = Chunks.NeededPacks.ToList();
        var pages = await ReferenceSet.WriteAsync(Vault, packs, cancellationToken, KnownPages);
        await _session.ConfirmAliveAsync(cancellationToken);
        await RequireKeptAsync(packs, cancellationToken);
        await (lastCheck?.Invoke() ?? Task.CompletedTask);
        var summary = draft.Summary with { ReferencePages = pages, PackCount = packs.Count, EndedAt = Vault.Now };
        var snapshot = await new ManifestWriter(Vault, _snapshots).CommitAsync(summary, draft.OwnerPart, _session.Id, cancellationToken);

        // The end's own store time tells whether the manifest came before the session lapsed: if so, every collection sees it before it deletes anything.
        await EndAsync(Vault, _session, cancellationToken);
        await RequireKeptAsync(packs, cancellationToken);
        return snapshot;
    }

    /// <summary>A run whose last word is lost has not failed for that, and its session lapses by itself.</summary>
    private static async Task EndAsync(UnlockedVault vault, WriterSession session, CancellationToken cancellationToken)
    {
        try
        {
            await session.EndAsync(cancellationToken);
        }
        catch (TargetException exception)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Verbose, $"The end of the session could not be announced: {exception.Message}", exception.Code));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _index.Dispose();
        await _session.DisposeAsync();
    }

    /// <summary>Announces the session, and then looks for the markers.</summary>
    /// <returns>With them the store's time before they were looked for.</returns>
    private static async Task<(WriterSession Session, IReadOnlyList<StandingMarker> Markers, DateTimeOffset Begun)> AnnounceAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var session = await WriterSession.BeginAsync(vault, cancellationToken);
        try
        {
            var begun = session.StoreNow;
            return (session, await CondemnedMarkers.StandingAsync(vault, cancellationToken), begun);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the snapshots cannot be read, each attempt would leave a session for collections to wait for; none is where the store does not answer.</summary>
    private static async Task GiveUpAsync(UnlockedVault vault, WriterSession session, Task loading, CancellationToken cancellationToken)
    {
        await using (session)
        {
            if (loading.IsFaulted && loading.Exception.InnerException is BackupException and not TargetException { IsOfWholePlace: true })
            {
                await EndAsync(vault, session, cancellationToken);
            }
        }
    }

    private static List<Snapshot> GoodOnesOf(UnlockedVault vault, SnapshotCatalog snapshots, BackupOptions options, SnapshotKind kind) =>
        [.. snapshots.GoodOnesOf(vault.Keys.DataSetIdOf(options.DataSet), vault.Self, options.HostName).TakeWhile(snapshot => snapshot.Kind == kind)];

    private static IEnumerable<Snapshot> DoubtfulOnesOf(UnlockedVault vault, SnapshotCatalog snapshots, BackupOptions options)
    {
        var dataSet = vault.Keys.DataSetIdOf(options.DataSet);
        return snapshots.Snapshots.Where(snapshot => snapshot.DataSetId == dataSet && snapshot.Standing != Retention.SnapshotStanding.Good);
    }

    /// <summary>Whoever watches sees how far the run is, as far as it is like the last one.</summary>
    private static void Expect(Snapshot? last, ProgressCounters counters)
    {
        if (last is not null)
        {
            counters.SetTotals(last.FileCount, last.ContentBytes);
        }
    }

    private static void RequireEntitled(UnlockedVault vault, string dataSet)
    {
        vault.RequireRole(Crypto.MemberRoles.Writer);
        if (vault.Register.Members.GetValueOrDefault(vault.Self)?.MayWrite(vault.Keys.DataSetIdOf(dataSet)) != true)
        {
            throw new KeyException(FaultCodes.DataSetNotAllowed, $"The key of {vault.Register.Find(vault.Self)?.Name} may not write the data set '{dataSet}'.");
        }
    }

    /// <summary>
    /// A computer that slept through its session may find that a collection did not wait for it. Then every pack of the snapshot is looked at, before the manifest and once
    /// more after it; nothing is committed that leans on what is gone or about to go.
    /// </summary>
    private async Task RequireKeptAsync(List<PackId> packs, CancellationToken cancellationToken)
    {
        if (!_session.HasLapsed)
        {
            return;
        }

        // Markers first: a collection takes one away only when its packs are gone, or when nobody deletes under it any more. So what is neither marked nor, after that, gone is kept.
        var condemned = await CondemnedMarkers.LoadAsync(Vault, _session.StoreNow, cancellationToken);
        var gone = await GoneAsync(packs, cancellationToken);
        var lost = packs.Count(pack => gone.Contains(pack) || condemned.Contains(pack));
        if (lost > 0)
        {
            throw new VaultException(FaultCodes.SessionLapsed, $"This run was asleep for longer than its session lasts, and {lost} of the {packs.Count} packs that it leans on were collected meanwhile.");
        }
    }

    /// <summary>Where listings lag, each pack is asked for by name.</summary>
    private async Task<HashSet<PackId>> GoneAsync(List<PackId> packs, CancellationToken cancellationToken)
    {
        if (Vault.Target.Capabilities.ListAfterWrite)
        {
            var inventory = await PackInventory.TakeAsync(Vault.Target, cancellationToken);
            return [.. packs.Where(pack => !inventory.Has(pack))];
        }

        var gone = new HashSet<PackId>();
        foreach (var pack in packs)
        {
            if (await Vault.Target.StatAsync(ObjectNames.Pack(pack), cancellationToken) is null)
            {
                gone.Add(pack);
            }
        }

        return gone;
    }

    /// <summary>
    /// Takes over this member's packs that no segment names: what an interrupted run had stored. Their tables are signed, so only their own writer's count. Condemned ones are on their way
    /// out: a collection that does not wait for this run may delete them.
    /// </summary>
    private async Task AdoptAsync(PackInventory inventory, IReadOnlySet<PackId> condemned, IEngineSink sink, CancellationToken cancellationToken)
    {
        // A bit a pack: a set of their ids took 60 MiB for 1.5 million.
        var indexed = new BitArray(inventory.Count);
        await foreach (var pack in _index.EnumeratePacksAsync(cancellationToken))
        {
            if (inventory.PlaceOf(pack.Id) is var place and >= 0)
            {
                indexed[place] = true;
            }
        }

        if (indexed.HasAllSet())
        {
            return;
        }

        var rebuilder = new IndexRebuilder(Vault.Target, SegmentSealings.AccessOf(Vault));

        // The tables tell whose packs they are: those of others, who may be at work just now, are not read whole for nothing.
        var own = new HashSet<PackId>();
        await foreach (var pack in rebuilder.ReadAsync(id => inventory.PlaceOf(id) is not (>= 0 and var place) || !indexed[place], RebuildDepth.Tables, cancellationToken))
        {
            if (pack.Writer.Id == Vault.Self && !condemned.Contains(pack.Record.Id))
            {
                own.Add(pack.Record.Id);
            }
        }

        if (own.Count == 0)
        {
            return;
        }

        await foreach (var pack in rebuilder.ReadAsync(own.Contains, RebuildDepth.WholePacks, cancellationToken))
        {
            await Committer.AddAsync(new StoredPack(pack.Record, pack.Entries), cancellationToken);
            PacksAdopted++;
        }

        if (PacksAdopted > 0)
        {
            sink.Report(new BackupEvent(EventSeverity.Information, $"{PacksAdopted} pack(s) of an interrupted run are used; their content is not stored again."));
        }
    }
}
