using System.Collections.Concurrent;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Reads packs whole: hash, table, signature, every frame, every chunk id. Thread-safe: several packs are judged at once, and one at a time is told.</summary>
internal sealed class PackVerifier(VaultReader vault, ProgressCounters counters) : IDisposable
{
    /// <summary>
    /// As many as judge at once, and one more that is read meanwhile, but no more than 128 MiB of packs. On two cores 1.5 GB that do not compress
    /// are checked in 1.2 s; one after the other, and with the frames hashed once more, it took 3.3 s.
    /// </summary>
    internal int AtOnce { get; } = Math.Clamp(Math.Min(Environment.ProcessorCount + 1, MaxPackBytes / vault.Vault.Register.Parameters.PackSizeBytes), 1, 8);

    internal bool IsNear => vault.Vault.Target.Capabilities.IsNear;

    private const int MaxPackBytes = 128 * 1024 * 1024;

    // Fresh pages for each pack cost a fault every 4 KiB, and what they held is sealed.
    private readonly ConcurrentBag<OwnedBuffer> _idle = [];
    private long _bytesRead;

    internal long BytesRead => Interlocked.Read(ref _bytesRead);

    internal async Task<PackVerdict> JudgeAsync(PackRecord pack, CancellationToken cancellationToken)
    {
        counters.SetCurrentItem(pack.Name.Value);
        var buffer = _idle.TryTake(out var idle) && idle.LengthBytes >= pack.LengthBytes ? idle : Instead(idle, pack.LengthBytes);
        try
        {
            var bytes = buffer.Memory[..pack.LengthBytes];
            var table = await SecondRead.RunAsync(vault.Vault.Target, pack.Name, async target =>
            {
                await target.ReadAsync(pack.Name, 0, bytes, cancellationToken);
                Interlocked.Add(ref _bytesRead, pack.LengthBytes);
                counters.AddBytesRead(pack.LengthBytes);
                return Verify(pack, bytes.Span);
            });
            return new PackVerdict(pack.HasHash ? pack : pack with { Sha256 = ContentHash.Of(bytes.Span) }, table, Damage: null);
        }
        catch (BackupException damage) when (ChunkFetcher.IsDamage(damage))
        {
            return new PackVerdict(pack, Table: null, damage);
        }
        finally
        {
            counters.AddFile();
            _idle.Add(buffer);
        }
    }

    public void Dispose()
    {
        foreach (var buffer in _idle)
        {
            buffer.Dispose();
        }
    }

    private static OwnedBuffer Instead(OwnedBuffer? tooShort, int lengthBytes)
    {
        tooShort?.Dispose();
        return OwnedBuffer.RentForSealed(lengthBytes);
    }

    private PackTable Verify(PackRecord pack, ReadOnlySpan<byte> bytes)
    {
        using var compressors = new CompressorCatalog();
        using var shelf = new BufferShelf();
        var epoch = PackReader.ReadHeader(vault.Vault.Id, pack.Id, bytes).Epoch;
        var check = new PackCheck
        {
            Vault = vault.Vault.Id,
            Members = vault.Vault.Register,
            IndexKey = vault.Vault.KeysOf(epoch).Index,
            Sha256 = pack.Sha256,
            Identity = vault.IdentityOf(epoch),
            Keys = new ChunkKeys(vault.Vault.Keys.ChunkId, compressors) { Shelf = shelf },
        };
        var table = check.VerifyWhole(pack.Id, bytes);
        if (table.Writer.Id != pack.Writer)
        {
            throw new IntegrityException(FaultCodes.SignerNotEntitled, $"Pack {pack.Id} is signed by {table.Writer.Name}, and the index names member {pack.Writer} as its writer.");
        }

        return table;
    }
}

/// <param name="Pack">With the hash of the bytes that were read.</param>
/// <param name="Table">Null where the pack is not sound.</param>
internal sealed record PackVerdict(PackRecord Pack, PackTable? Table, BackupException? Damage)
{
    internal bool IsGone => Damage is TargetException { Fault: TargetFault.NotFound };
}
