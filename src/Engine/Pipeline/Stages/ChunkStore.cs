using System.Collections.Concurrent;
using System.IO.Hashing;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 3: plain chunk -> claimed (new) or reference (known), in one atomic step of the index. Remembers every pack that the snapshot in the
/// making leans on: its reference set. Memory only; a crash here leaves nothing.
/// </summary>
internal sealed class ChunkStore(ChunkIndex index, UnlockedVault vault, BackupChannels channels, ProgressCounters counters, ContentMeter meter) : IChunkStore
{
    /// <summary>The largest chunk, with what it compresses to.</summary>
    private const long MaxChunkBytes = 2 * 4 * 1024 * 1024;

    /// <summary>Chunks on their way to a pack: a large one for every other worker and one more, but no more than a process can be expected to bear.</summary>
    private readonly MemoryBudget _budget = new(MaxChunkBytes * Math.Clamp((Environment.ProcessorCount / 2) + 1, 2, 8));
    private readonly ConcurrentDictionary<PackId, byte> _needed = new();
    private readonly ChunkIdKey _ids = vault.Keys.ChunkId;
    private PackRecord? _lastNeeded;

    public int MaxPageBytes { get; } = vault.Register.Parameters.PackSizeBytes / 2;

    /// <summary>The reference set, ascending; whole once the last pack is stored.</summary>
    internal IEnumerable<PackId> NeededPacks => _needed.Keys.Order();

    internal void Need(PackId pack) => _needed.TryAdd(pack, 0);

    public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken) =>
        StoreAsync(plain, chunkClass, subject: null, fresh: null, cancellationToken);

    /// <param name="subject">Whose chunk it is; null for the vault's. Its key stays its owner's: a chunk on its way has a copy.</param>
    /// <param name="fresh">What counts data that the last good snapshot did not hold; null where nobody does.</param>
    internal async ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, SubjectDomain? subject, FreshTally? fresh, CancellationToken cancellationToken)
    {
        // Before the id: what goes wrong in between does not unpack to this.
        var checksum = XxHash3.HashToUInt64(plain.Span);
        var id = _ids.IdOf(subject?.Id ?? DomainId.Vault, plain.Span);
        try
        {
            var claim = await index.TryClaimAsync(id, cancellationToken);
            counters.AddChunk(claim.State == ChunkState.New);
            var isFresh = fresh is not null && chunkClass == ChunkClass.Data && await meter.IsFreshAsync(id, claim, plain.LengthBytes, fresh, cancellationToken);
            if (claim.State != ChunkState.New)
            {
                Need(claim);
                plain.Dispose();
                return id;
            }

            var lease = await _budget.AcquireAsync(2L * plain.LengthBytes, cancellationToken);
            await HandOnAsync(new PlainChunk(id, chunkClass, plain, lease) { Subject = subject?.Copy(), IsFresh = isFresh, Checksum = checksum }, cancellationToken);
            return id;
        }
        catch
        {
            plain.Dispose();
            throw;
        }
    }

    /// <summary>Whether a chunk of the last run is stored where this writer may lean on it; its pack then counts as needed.</summary>
    internal ValueTask<bool> TryReuseAsync(ChunkId id, FreshTally fresh, CancellationToken cancellationToken)
    {
        if (index.FindAtHand(id) is not { } location || !meter.HeldLast(location.Pack.Id))
        {
            return ReuseAsync(id, fresh, cancellationToken);
        }

        counters.AddChunk(isNew: false);
        Need(location);
        return ValueTask.FromResult(true);
    }

    private async ValueTask<bool> ReuseAsync(ChunkId id, FreshTally fresh, CancellationToken cancellationToken)
    {
        if (await index.FindReliableAsync(id, cancellationToken) is not { } location)
        {
            return false;
        }

        // The lists of a long content are counted as content here: one part in five hundred at most.
        await meter.IsFreshAsync(id, ChunkClaim.Known(location), location.Entry.PlainBytes, fresh, cancellationToken);
        counters.AddChunk(isNew: false);
        Need(location);
        return true;
    }

    private async ValueTask HandOnAsync(PlainChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            await channels.Claimed.Writer.WriteAsync(chunk, cancellationToken);
        }
        catch
        {
            chunk.Dispose();
            throw;
        }
    }

    private void Need(ChunkClaim claim)
    {
        // A pending chunk's pack is of this run; it counts when it is stored.
        if (claim.Location is { } location)
        {
            Need(location);
        }
    }

    private void Need(ChunkLocation location)
    {
        // Neighbours lie in one pack, and its record is one object.
        if (!ReferenceEquals(Volatile.Read(ref _lastNeeded), location.Pack))
        {
            Need(location.Pack.Id);
            Volatile.Write(ref _lastNeeded, location.Pack);
        }
    }
}

/// <summary>Chunks of contents whose fresh bytes are counted.</summary>
internal sealed class ContentStore(ChunkStore store, FreshTally fresh) : IChunkStore
{
    public int MaxPageBytes => store.MaxPageBytes;

    public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken) =>
        store.StoreAsync(plain, chunkClass, subject: null, fresh, cancellationToken);
}
