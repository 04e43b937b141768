using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>A pack that compaction wrote, when it is on the target.</summary>
internal sealed record StoredCompaction(PackRecord Record, IReadOnlyList<PackEntry> Entries);

/// <summary>The packs that compaction fills: pages apart from data, as in a backup. A crash leaves packs that nothing names.</summary>
internal sealed class CompactedPacks(CollectRun run) : IDisposable
{
    private readonly PackBuilder?[] _open = new PackBuilder?[2];
    private readonly List<StoredCompaction> _stored = [];

    /// <summary>Confirmed by the target.</summary>
    internal IReadOnlyList<StoredCompaction> Stored => _stored;

    /// <summary>Seals a chunk into a pack and says into which.</summary>
    /// <param name="checksum">Of the payload, taken before it was proven.</param>
    internal async ValueTask<PackId> AddAsync(PackEntry entry, OwnedBuffer payload, ulong checksum, bool isPage, CancellationToken cancellationToken)
    {
        if (!TryAdd(entry, payload, checksum, isPage))
        {
            await CloseAsync(isPage, isFull: true, cancellationToken);
            if (!TryAdd(entry, payload, checksum, isPage))
            {
                throw new InvalidOperationException($"The chunk {entry.Chunk} fits into no pack.");
            }
        }

        return _open[isPage ? 1 : 0]!.Id;
    }

    internal async Task FinishAsync(CancellationToken cancellationToken)
    {
        await CloseAsync(isPage: false, isFull: false, cancellationToken);
        await CloseAsync(isPage: true, isFull: false, cancellationToken);
    }

    public void Dispose()
    {
        foreach (var builder in _open)
        {
            builder?.Dispose();
        }
    }

    private bool TryAdd(in PackEntry entry, OwnedBuffer payload, ulong checksum, bool isPage)
    {
        var builder = _open[isPage ? 1 : 0] ??= new PackBuilder(SegmentSealings.PacksOf(run.Vault));
        var frame = new ChunkFrame
        {
            Chunk = entry.Chunk,
            PlainBytes = entry.PlainBytes,
            Compression = entry.Compression,
            Sealing = entry.Sealing,
            Payload = payload.Span,
            Checksum = checksum,
        };
        return builder.TryAdd(frame, out _);
    }

    private async ValueTask CloseAsync(bool isPage, bool isFull, CancellationToken cancellationToken)
    {
        var builder = _open[isPage ? 1 : 0];
        if (builder is null)
        {
            return;
        }

        _open[isPage ? 1 : 0] = null;
        using (builder)
        using (var pack = builder.Finish(isFull))
        {
            await PackUploader.StoreAsync(run.Vault.Target, pack, pastCache: false, cancellationToken);
            run.BytesRewritten += pack.Record.LengthBytes;
            run.Context.Counters.AddBytesStored(pack.Record.LengthBytes);
            _stored.Add(new StoredCompaction(pack.Record, pack.Entries));
        }
    }
}
