using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench.Scale;

/// <summary>
/// Chunks that only the index knows: real segments, as large as a collection merges them, with ids as evenly spread as keyed hashes are. A chunk's id and its pack's follow from its number, so
/// that nothing has to be remembered.
/// </summary>
internal sealed class MadeChunks(UnlockedVault vault)
{
    internal const int ChunksPerPack = 64;

    private const int FrameBytes = PackSize.DefaultBytes / (ChunksPerPack + 1);

    /// <summary>As a collection leaves them.</summary>
    internal const int ChunksPerSegment = 524_288;

    internal static ChunkId IdOf(long number) => new(Spread((ulong)number, 0x6368756E6BUL));

    internal static PackId PackOf(long number) => new(Spread((ulong)(number / ChunksPerPack), 0x7061636BUL));

    /// <summary>As a backup opens it: every segment at once. All packs count as present.</summary>
    internal async Task<ChunkIndex> OpenAsBackupAsync(CancellationToken cancellationToken)
    {
        var catalog = await SegmentCatalog.LoadAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(), cancellationToken);
        return new ChunkIndex(catalog, new DeduplicationTrust(vault.Self, vault.Register));
    }

    internal async Task<ObjectName> StoreSegmentAsync(long start, int chunks, CancellationToken cancellationToken)
    {
        var end = start + chunks;
        var builder = new IndexSegmentBuilder(chunks);
        for (var first = start; first < end; first += ChunksPerPack)
        {
            var count = (int)Math.Min(ChunksPerPack, end - first);
            var entries = new PackEntry[count];
            for (var frame = 0; frame < count; frame++)
            {
                entries[frame] = new PackEntry(IdOf(first + frame), frame, PackLayout.PrologueBytes + (frame * FrameBytes), FrameBytes, 2 * FrameBytes, CompressionId.Zstd, ChunkSealing.Direct);
            }

            builder.TryAdd(new PackRecord(PackOf(first), new ContentHash(Spread((ulong)first, 1)), vault.Self, PackSize.DefaultBytes, count), entries);
        }

        using var content = new MemoryStream();
        var id = builder.Write(content, SegmentSealings.Of(vault));
        content.Position = 0;
        var name = IndexSegmentBuilder.NameOf(id);
        await vault.Target.PutAsync(name, content, PutOptions.Default, cancellationToken);
        return name;
    }

    /// <summary>SplitMix64 over four lanes.</summary>
    private static Id256 Spread(ulong number, ulong kind)
    {
        Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
        for (var lane = 0; lane < 4; lane++)
        {
            var mixed = (number * 4) + (ulong)lane + (kind << 40);
            mixed = (mixed + 0x9E3779B97F4A7C15UL) * 0xBF58476D1CE4E5B9UL;
            mixed = (mixed ^ (mixed >> 30)) * 0x94D049BB133111EBUL;
            mixed ^= mixed >> 31;
            BitConverter.TryWriteBytes(bytes[(lane * 8)..], mixed * 0xD6E8FEB86659FD93UL);
        }

        return Id256.Read(bytes);
    }
}
