using System.IO.Hashing;
using SecureBackup.Bench.Samples;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Bench.Parts;

/// <summary>Pieces of a data set in memory, cut and compressed as the engine does it: what each part is given to work on.</summary>
internal sealed class PartSample
{
    private const int SampleBytes = 48 << 20;

    private static readonly Dictionary<string, PartSample> Samples = new(StringComparer.Ordinal);

    private PartSample(SampleSet set)
    {
        Pieces = set.Sample(SampleBytes);
        Chunks = [.. Pieces.SelectMany(Cut)];
        Checksums = [.. Chunks.Select(static chunk => XxHash3.HashToUInt64(chunk))];
        Payloads = [.. Chunks.Select(Compress)];
    }

    /// <summary>Files, and pieces of large ones.</summary>
    internal IReadOnlyList<byte[]> Pieces { get; }

    internal IReadOnlyList<byte[]> Chunks { get; }

    /// <summary>XXH3 of each chunk.</summary>
    internal IReadOnlyList<ulong> Checksums { get; }

    /// <summary>What is sealed of each chunk, and whether it is compressed.</summary>
    internal IReadOnlyList<(byte[] Bytes, bool IsCompressed)> Payloads { get; }

    internal long Bytes => Chunks.Sum(static chunk => (long)chunk.Length);

    internal long PayloadBytes => Payloads.Sum(static payload => (long)payload.Bytes.Length);

    internal static byte[] Key { get; } = [.. Enumerable.Range(1, 32).Select(static value => (byte)value)];

    internal static void Take(SampleSet set) => Samples[set.Name] = new PartSample(set);

    internal static PartSample Of(string set) => Samples[set];

    private static IEnumerable<byte[]> Cut(byte[] piece)
    {
        var chunker = ChunkerCatalog.Create(ChunkerCatalog.Default, Key);
        for (var start = 0; start < piece.Length;)
        {
            var length = chunker.NextBoundary(piece.AsSpan(start), isLast: true);
            yield return piece[start..(start + length)];
            start += length;
        }
    }

    private static (byte[] Bytes, bool IsCompressed) Compress(byte[] chunk)
    {
        using var unpacked = new BufferShelf();
        using var compressor = new ChunkCompressor(CompressionGoal.Balanced, unpacked);
        return compressor.TryCompress(chunk, XxHash3.HashToUInt64(chunk), out var packed, out _) ? (packed.ToArray(), true) : (chunk, false);
    }
}
