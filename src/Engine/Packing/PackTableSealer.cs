using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>Writes what follows a pack's frames: signed table, padding, commitment and locator.</summary>
internal static class PackTableSealer
{
    /// <param name="framesHash">SHA-256 of the pack up to the end of its frames.</param>
    /// <param name="rest">Everything after the frames, to the pack's end.</param>
    internal static void Seal(PackSealing sealing, in ObjectHeader header, IReadOnlyList<PackEntry> entries, Id256 framesHash, Span<byte> rest)
    {
        var last = entries[^1];
        var framesEnd = last.OffsetBytes + last.FrameBytes;
        var tableFrames = rest[..PackLayout.TableFramesBytesOf(entries.Count)];
        var padding = rest[tableFrames.Length..^PackLayout.TailBytes];
        var tail = rest[^PackLayout.TailBytes..];

        using var sealer = new FrameSealer(new ObjectKey(sealing.IndexKey.Bytes, header, SealPurpose.Table));
        sealer.Commitment.CopyTo(tail);
        Span<byte> locator = stackalloc byte[PackLayout.LocatorBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(locator, (uint)framesEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(locator[4..], (uint)tableFrames.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(locator[8..], (uint)entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(locator[12..], 0);
        sealer.Seal(isLast: false, claim: default, locator, tail[ObjectKey.CommitmentBytes..]);

        using var table = WriteTable(sealing.Writer, header, entries, framesHash);
        SealFrames(sealer, table.Span[ObjectHeader.SizeBytes..], tableFrames);
        RandomNumberGenerator.Fill(padding);
    }

    /// <summary>The header, which the signature covers and the table does not store, then the table.</summary>
    private static OwnedBuffer WriteTable(SigningKey writer, in ObjectHeader header, IReadOnlyList<PackEntry> entries, Id256 framesHash)
    {
        var buffer = OwnedBuffer.Rent(ObjectHeader.SizeBytes + PackLayout.TableBytesOf(entries.Count));
        header.Write(buffer.Span);
        var table = buffer.Span[ObjectHeader.SizeBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(table, (uint)entries.Count);
        var at = sizeof(uint);
        foreach (var entry in entries)
        {
            PackLayout.WriteEntry(entry, table.Slice(at, PackLayout.EntryBytes));
            at += PackLayout.EntryBytes;
        }

        framesHash.CopyTo(table[at..]);
        writer.Id.Value.CopyTo(table[(at + Id256.SizeBytes)..]);
        writer.Sign(buffer.Span[..^VerifyKey.SignatureBytes], buffer.Span[^VerifyKey.SignatureBytes..]);
        return buffer;
    }

    private static void SealFrames(FrameSealer sealer, ReadOnlySpan<byte> table, Span<byte> frames)
    {
        while (!frames.IsEmpty)
        {
            var isLast = table.Length <= SealedBlob.FramePlainBytes;
            var length = isLast ? table.Length : SealedBlob.FramePlainBytes;
            sealer.Seal(isLast, claim: default, table[..length], frames[..(length + FrameSealer.TagBytes)]);
            table = table[length..];
            frames = frames[(length + FrameSealer.TagBytes)..];
        }
    }
}
