using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>What every page of a segment must hold to, checked as it is read.</summary>
internal static class SegmentPages
{
    /// <summary>Chunks ascend by id, then by pack, and start at the page's fence.</summary>
    /// <exception cref="IntegrityException">SegmentMalformed.</exception>
    internal static void CheckChunks(ObjectName segment, ReadOnlySpan<byte> page, int count, ReadOnlySpan<byte> fence)
    {
        CheckEnd(segment, page[(count * IndexLayout.ChunkRecordBytes)..]);
        if (!page.StartsWith(fence))
        {
            throw Malformed(segment, "a page does not start at its fence");
        }

        for (var i = 1; i < count; i++)
        {
            var before = page.Slice((i - 1) * IndexLayout.ChunkRecordBytes, IndexLayout.ChunkRecordBytes);
            var record = page.Slice(i * IndexLayout.ChunkRecordBytes, IndexLayout.ChunkRecordBytes);
            var order = before[..Id256.SizeBytes].SequenceCompareTo(record[..Id256.SizeBytes]);
            if (order > 0 || (order == 0 && IndexLayout.OrdinalOf(before) >= IndexLayout.OrdinalOf(record)))
            {
                throw Malformed(segment, "its chunks do not ascend");
            }
        }
    }

    /// <summary>Packs ascend by id, have possible sizes, and are the signer's own.</summary>
    /// <param name="owner">Whose packs alone may stand here; null where anybody's may.</param>
    /// <exception cref="IntegrityException">SegmentMalformed, SegmentPoisoned.</exception>
    internal static void CheckPacks(ObjectName segment, ReadOnlySpan<byte> page, int count, MemberEntry? owner)
    {
        CheckEnd(segment, page[(count * IndexLayout.PackRecordBytes)..]);
        PackRecord? before = null;
        for (var i = 0; i < count; i++)
        {
            var pack = IndexLayout.ReadPack(page.Slice(i * IndexLayout.PackRecordBytes, IndexLayout.PackRecordBytes));
            if (before is not null && before.Id.CompareTo(pack.Id) >= 0)
            {
                throw Malformed(segment, "its packs do not ascend");
            }

            if (pack.LengthBytes is < PackLayout.PrologueBytes + PackLayout.TailBytes or > PackSize.MaxBytes || pack.ChunkCount is < 0 or > PackLayout.MaxFrames)
            {
                throw Malformed(segment, $"pack {pack.Id} has {(uint)pack.LengthBytes} bytes and {(uint)pack.ChunkCount} chunks");
            }

            if (owner is not null && pack.Writer != owner.Id)
            {
                throw new IntegrityException(
                    FaultCodes.SegmentPoisoned, $"'{segment}', signed by {owner.Name} ({owner.Id}), speaks of pack {pack.Id} of member {pack.Writer}.");
            }

            before = pack;
        }
    }

    /// <summary>The first of <paramref name="count"/> ascending records whose id is not below the given one.</summary>
    internal static int LowerBound(ReadOnlySpan<byte> page, int count, int recordBytes, ReadOnlySpan<byte> id)
    {
        var (low, high) = (0, count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = IsBelow(page.Slice(middle * recordBytes, Id256.SizeBytes), id) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The order of ids as stored. Their first eight bytes tell nearly always, since ids are random.</summary>
    internal static bool IsBelow(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var (first, second) = (BinaryPrimitives.ReadUInt64BigEndian(left), BinaryPrimitives.ReadUInt64BigEndian(right));
        return first != second ? first < second : left.SequenceCompareTo(right) < 0;
    }

    internal static IntegrityException Malformed(ObjectName segment, string complaint) =>
        new(FaultCodes.SegmentMalformed, $"Index segment '{segment}': {complaint}.");

    private static void CheckEnd(ObjectName segment, ReadOnlySpan<byte> unused)
    {
        if (unused.ContainsAnyExcept((byte)0))
        {
            throw Malformed(segment, "a page's unused bytes are set");
        }
    }
}
