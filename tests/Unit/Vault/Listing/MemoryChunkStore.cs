using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

/// <summary>Chunks in memory, by their real ids.</summary>
internal sealed class MemoryChunkStore : IChunkStore, IChunkFetcher, IDisposable
{
    private readonly ChunkIdKey _key = new(new byte[32]);
    private readonly Lock _gate = new();

    public int MaxPageBytes { get; init; } = int.MaxValue;

    public void Dispose() => _key.Dispose();

    public Dictionary<ChunkId, byte[]> Chunks { get; } = [];

    /// <summary>Ids in the order in which they were asked for.</summary>
    public List<ChunkId> Fetched { get; } = [];

    public int StoredNew { get; private set; }

    public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
    {
        using (plain)
        {
            var id = _key.IdOf(DomainId.Vault, plain.Span);
            lock (_gate)
            {
                StoredNew += Chunks.TryAdd(id, plain.Span.ToArray()) ? 1 : 0;
            }

            return ValueTask.FromResult(id);
        }
    }

    public ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken)
    {
        Fetched.Add(id);
        return Chunks.TryGetValue(id, out var bytes)
            ? ValueTask.FromResult(OwnedBuffer.CopyOf(bytes))
            : throw new IntegrityException(FaultCodes.ChunkMissing, $"The chunk {id} is not here.");
    }
}
