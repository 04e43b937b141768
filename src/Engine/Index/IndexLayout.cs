using System.Buffers.Binary;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>Where things lie in an index segment, and the bytes of its records. All integers are little-endian.</summary>
internal static class IndexLayout
{
    internal const int PrologueBytes = ObjectHeader.SizeBytes + ObjectKey.CommitmentBytes;
    internal const int PageBytes = 16_384;
    internal const int StoredPageBytes = PageBytes + FrameSealer.TagBytes;
    internal const int EndBytes = 2 * sizeof(uint);

    internal const int ChunkRecordBytes = 52;
    internal const int ChunksPerPage = PageBytes / ChunkRecordBytes;
    internal const int PackRecordBytes = 104;
    internal const int PacksPerPage = PageBytes / PackRecordBytes;

    internal const int MaxChunks = 4_194_304;
    internal const int MaxReplaced = 65_536;
    internal const int MaxFooterBytes = 16 * 1024 * 1024;
    internal const int MaxSignaturesBytes = 64 * 1024;

    internal static int ChunkPagesOf(int chunks) => (chunks + ChunksPerPage - 1) / ChunksPerPage;

    internal static int PackPagesOf(int packs) => (packs + PacksPerPage - 1) / PacksPerPage;

    internal static void WriteChunk(in PackEntry entry, int packOrdinal, Span<byte> record)
    {
        entry.Chunk.Value.CopyTo(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record[32..], (uint)packOrdinal);
        BinaryPrimitives.WriteUInt32LittleEndian(record[36..], (uint)entry.OffsetBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[40..], (uint)entry.FrameBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[44..], (uint)entry.PlainBytes);
        record[48] = (byte)entry.Compression;
        record[49] = (byte)entry.Sealing;
        BinaryPrimitives.WriteUInt16LittleEndian(record[50..], (ushort)entry.Frame);
    }

    /// <summary>The numbers as stored, unchecked.</summary>
    internal static PackEntry ReadChunk(ReadOnlySpan<byte> record, out uint packOrdinal)
    {
        packOrdinal = OrdinalOf(record);
        return new PackEntry(
            new ChunkId(Id256.Read(record[..Id256.SizeBytes])),
            BinaryPrimitives.ReadUInt16LittleEndian(record[50..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[36..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[40..]),
            BinaryPrimitives.ReadInt32LittleEndian(record[44..]),
            (CompressionId)record[48],
            (ChunkSealing)record[49]);
    }

    internal static uint OrdinalOf(ReadOnlySpan<byte> chunkRecord) => BinaryPrimitives.ReadUInt32LittleEndian(chunkRecord[32..]);

    internal static void WritePack(PackRecord pack, Span<byte> record)
    {
        pack.Id.Value.CopyTo(record);
        pack.Sha256.Value.CopyTo(record[32..]);
        pack.Writer.Value.CopyTo(record[64..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[96..], (uint)pack.LengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[100..], (uint)pack.ChunkCount);
    }

    /// <summary>The numbers as stored, unchecked.</summary>
    internal static PackRecord ReadPack(ReadOnlySpan<byte> record) => new(
        new PackId(Id256.Read(record[..32])),
        new ContentHash(Id256.Read(record[32..64])),
        new MemberId(Id256.Read(record[64..96])),
        BinaryPrimitives.ReadInt32LittleEndian(record[96..]),
        BinaryPrimitives.ReadInt32LittleEndian(record[100..]));
}
