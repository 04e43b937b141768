using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Opens a vault's index for a run. What is wrong with single segments is told and passed over.</summary>
internal static class ChunkIndexLoader
{
    /// <summary>2,000 pages, a segment as a collection merges them: the lookups of a run come in the order of the last one's packs, so most go to one segment, but anywhere in it.</summary>
    private const long PageCacheBytes = 32 * 1024 * 1024;

    /// <summary>For targets that are not near: their segments lie on this host, and the packs on their way take the rest.</summary>
    private const long FarPageCacheBytes = 16 * 1024 * 1024;

    /// <summary>All index pages of a million customers.</summary>
    private const long RecordPageCacheBytes = 64 * 1024 * 1024;

    /// <summary>For reading one snapshot.</summary>
    internal static Task<ChunkIndex> OpenForReadingAsync(UnlockedVault vault, Snapshot snapshot, IEngineSink sink, CancellationToken cancellationToken) =>
        OpenForReadingAsync(vault, snapshot.Writer, snapshot.StoreTime, PagesOf(vault), sink, cancellationToken);

    /// <param name="writer">
    /// Whose snapshot is read. Its own packs and those that it could rely on come first: another writer can say of its packs whatever it likes, and must not be
    /// asked before the ones that the snapshot was made with.
    /// </param>
    internal static Task<ChunkIndex> OpenForReadingAsync(UnlockedVault vault, MemberId writer, IEngineSink sink, CancellationToken cancellationToken) =>
        OpenForReadingAsync(vault, writer, DateTimeOffset.MaxValue, PagesOf(vault), sink, cancellationToken);

    /// <summary>For reading every record of snapshots: a chunk for each customer, whose ids come in no order, so that each look-up may need another page.</summary>
    internal static Task<ChunkIndex> OpenForRecordsAsync(UnlockedVault vault, IEngineSink sink, CancellationToken cancellationToken) =>
        OpenForReadingAsync(vault, vault.Self, DateTimeOffset.MaxValue, RecordPageCacheBytes, sink, cancellationToken);

    private static long PagesOf(UnlockedVault vault) => vault.Target.Capabilities.IsNear ? PageCacheBytes : FarPageCacheBytes;

    private static async Task<ChunkIndex> OpenForReadingAsync(
        UnlockedVault vault, MemberId writer, DateTimeOffset storedBy, long pageCacheBytes, IEngineSink sink, CancellationToken cancellationToken)
    {
        var catalog = await SegmentCatalog.ListAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(pageCacheBytes), storedBy, cancellationToken);
        return new ChunkIndex(catalog, new DeduplicationTrust(writer, vault.Register)) { OnProblem = problem => Warn(sink, problem) };
    }

    /// <summary>The names alone, of what <see cref="OpenForWritingAsync"/> opens.</summary>
    internal static Task<SegmentCatalog> ListForWritingAsync(UnlockedVault vault, CancellationToken cancellationToken) =>
        SegmentCatalog.ListAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(PagesOf(vault)), DateTimeOffset.MaxValue, cancellationToken);

    /// <param name="catalog">As listed; the index's from now on, or disposed.</param>
    /// <param name="inventory">What is not in it is not deduplicated against.</param>
    /// <param name="condemned">What is in it neither.</param>
    internal static async Task<ChunkIndex> OpenForWritingAsync(
        UnlockedVault vault, SegmentCatalog catalog, PackInventory inventory, IReadOnlySet<PackId> condemned, IEngineSink sink, CancellationToken cancellationToken)
    {
        var trust = new DeduplicationTrust(vault.Self, vault.Register)
        {
            TrustsAllMembers = vault.Register.Policy.DeduplicationTrust == TrustedPacks.AllMembers,
            Condemned = condemned,
            IsPresent = inventory.Has,
        };
        try
        {
            await catalog.OpenAllAsync(cancellationToken);
        }
        catch
        {
            catalog.Dispose();
            throw;
        }

        foreach (var problem in catalog.Problems)
        {
            Warn(sink, problem);
        }

        return new ChunkIndex(catalog, trust);
    }

    private static void Warn(IEngineSink sink, IndexProblem problem)
    {
        // Gone since it was listed: a collection deleted what it had merged long ago. All that stood in it stands in its successor.
        if (problem.Fault is not TargetException { Fault: TargetFault.NotFound })
        {
            sink.Report(new BackupEvent(EventSeverity.Warning, $"The index segment '{problem.Name}' is not used: {problem.Fault.Message}", problem.Fault.Code));
        }
    }
}
