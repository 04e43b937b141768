using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>How the wanted chunks of one pack are read: neighbours in one range.</summary>
internal static class PackRanges
{
    /// <summary>
    /// Neighbouring chunks are read in one range up to this length: a worker's share of 16 MiB. Far away each has one at hand and one on its way: with 4 MiB for each of 8 a restore of programs
    /// took 257 MiB.
    /// </summary>
    private static readonly int MaxRangeBytes = 16 * 1024 * 1024 / RestoreFetcher.Workers;

    /// <summary>From this chunk on as far as the next wanted ones lie close behind it.</summary>
    internal static ByteRange From(IReadOnlyList<WantedChunk> chunks, int at, int? maxBytes = null)
    {
        var first = chunks[at].Places[0].Entry;
        var end = first.OffsetBytes + first.FrameBytes;
        for (var i = at + 1; i < chunks.Count; i++)
        {
            var next = chunks[i].Places[0].Entry;
            if (next.OffsetBytes > end + PackOpener.AlignmentBytes || next.OffsetBytes + next.FrameBytes - first.OffsetBytes > (maxBytes ?? MaxRangeBytes))
            {
                break;
            }

            end = Math.Max(end, next.OffsetBytes + next.FrameBytes);
        }

        return new ByteRange(first.OffsetBytes, end - first.OffsetBytes);
    }

    /// <summary>The chunks of one pack by the ranges in which they are read, with what comes along since ranges are aligned.</summary>
    internal static IEnumerable<IReadOnlyList<WantedChunk>> Split(IReadOnlyList<WantedChunk> chunks, int? maxBytes = null, int maxChunks = int.MaxValue)
    {
        for (var i = 0; i < chunks.Count;)
        {
            var end = PackOpener.Aligned(From(chunks, i, maxBytes), chunks[i].Places[0].Pack.LengthBytes).End;
            var part = chunks.Skip(i).Take(maxChunks).TakeWhile(chunk => chunk.Places[0].Entry is var entry && entry.OffsetBytes + entry.FrameBytes <= end).ToList();
            yield return part;
            i += part.Count;
        }
    }

    /// <summary>Bytes that reading all of them takes from the target, aligned as they are read, with the pack's prologue where none of them begins with it.</summary>
    internal static long ReadBytes(IReadOnlyList<WantedChunk> chunks)
    {
        long bytes = 0;
        var (start, end) = (0L, 0L);
        for (var i = 0; i < chunks.Count; i++)
        {
            var entry = chunks[i].Places[0].Entry;
            if (entry.OffsetBytes >= start && entry.OffsetBytes + entry.FrameBytes <= end)
            {
                continue;
            }

            var range = From(chunks, i);
            (start, end) = PackOpener.Aligned(range, chunks[i].Places[0].Pack.LengthBytes);
            bytes += end - start + (i == 0 && start > 0 ? Packing.PackReader.PrologueBytes : 0);
        }

        return bytes;
    }
}
