using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>Where things lie in a pack, and the bytes of its small parts. All integers are little-endian.</summary>
internal static class PackLayout
{
    internal const int KemAt = ObjectHeader.SizeBytes;
    internal const int CommitmentAt = KemAt + XWing.CiphertextBytes;

    /// <summary>Header, KEM ciphertext, commitment; frame 0 follows.</summary>
    internal const int PrologueBytes = CommitmentAt + ObjectKey.CommitmentBytes;

    internal const int LocatorBytes = 16;

    /// <summary>Commitment and locator frame at the pack's end.</summary>
    internal const int TailBytes = ObjectKey.CommitmentBytes + LocatorBytes + FrameSealer.TagBytes;

    internal const int MaxFrames = 65_536;
    internal const int MaxChunkBytes = 8 * 1024 * 1024;

    internal const int EntryBytes = 48;

    /// <summary>Hash of the frames, member id and signature after the table's entries.</summary>
    internal const int TableTrailerBytes = (2 * Id256.SizeBytes) + VerifyKey.SignatureBytes;

    internal const int ClaimBytes = Id256.SizeBytes + sizeof(uint) + 2;

    private const int ReservedBytes = 6;

    internal static int TableBytesOf(int chunks) => sizeof(uint) + (chunks * EntryBytes) + TableTrailerBytes;

    internal static int TableFramesBytesOf(int chunks) => SealedBlob.SealedBytesOf(TableBytesOf(chunks)) - ObjectKey.CommitmentBytes;

    /// <summary>What a frame says it is: chunk id ‖ plain length ‖ compression ‖ sealing.</summary>
    internal static void WriteClaim(in PackEntry entry, Span<byte> claim)
    {
        entry.Chunk.Value.CopyTo(claim);
        BinaryPrimitives.WriteUInt32LittleEndian(claim[Id256.SizeBytes..], (uint)entry.PlainBytes);
        claim[Id256.SizeBytes + sizeof(uint)] = (byte)entry.Compression;
        claim[Id256.SizeBytes + sizeof(uint) + 1] = (byte)entry.Sealing;
    }

    internal static void WriteEntry(in PackEntry entry, Span<byte> record)
    {
        entry.Chunk.Value.CopyTo(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record[32..], (uint)entry.FrameBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[36..], (uint)entry.PlainBytes);
        record[40] = (byte)entry.Compression;
        record[41] = (byte)entry.Sealing;
        record.Slice(42, ReservedBytes).Clear();
    }
}
