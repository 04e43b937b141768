using System.Buffers.Binary;
using System.IO.Hashing;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// A record of the listing cache: head (all LE: i32 path bytes, i32 encoded bytes, identity 32, i64 deep ids, i64 size, i64 + u32 modification time, u64 mark, u8 kind,
/// u8 content fault, u64 XXH3 of what follows the head, u64 XXH3 of the head so far) ‖ path, each component behind its u32 length ‖ the entry as listed.
/// </summary>
internal static class CachedEntryCodec
{
    internal const int HeadBytes = 4 + 4 + IdentityCodec.SizeBytes + 8 + 8 + 12 + 8 + 2 + 8 + 8;

    private const int MaxEntryBytes = 8 * 1024 * 1024;
    private const int IdentityAt = 8;
    private const int DeepIdsAt = IdentityAt + IdentityCodec.SizeBytes;
    private const int SizeAt = DeepIdsAt + 8;
    private const int TimeAt = SizeAt + 8;
    private const int MarkAt = TimeAt + 12;
    private const int KindAt = MarkAt + 8;
    private const int ChecksumAt = KindAt + 2;
    private const int HeadChecksumAt = ChecksumAt + 8;

    /// <param name="identity">As seen now; all else is the entry's.</param>
    internal static void WriteHead(CachedEntry entry, EntryIdentity identity, long deepIds, Span<byte> head)
    {
        BinaryPrimitives.WriteInt32LittleEndian(head, entry.PathBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], entry.Rest.Length - entry.PathBytes);
        IdentityCodec.Write(identity, head[IdentityAt..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[DeepIdsAt..], deepIds);
        BinaryPrimitives.WriteInt64LittleEndian(head[SizeAt..], entry.SizeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(head[TimeAt..], entry.ModifiedAt.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(head[(TimeAt + 8)..], entry.ModifiedAt.Nanoseconds);
        BinaryPrimitives.WriteUInt64LittleEndian(head[MarkAt..], entry.Mark);
        head[KindAt] = (byte)entry.Kind;
        head[KindAt + 1] = entry.HasContentFault ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(head[ChecksumAt..], entry.Checksum);
        BinaryPrimitives.WriteUInt64LittleEndian(head[HeadChecksumAt..], XxHash3.HashToUInt64(head[..HeadChecksumAt]));
    }

    /// <summary>How many bytes follow the head, which is checked before anything in it counts.</summary>
    /// <exception cref="IntegrityException">ListingMalformed.</exception>
    internal static int RestBytes(ReadOnlySpan<byte> head)
    {
        if (XxHash3.HashToUInt64(head[..HeadChecksumAt]) != BinaryPrimitives.ReadUInt64LittleEndian(head[HeadChecksumAt..]))
        {
            throw Malformed();
        }

        var (path, encoded) = (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]));
        return path is >= 0 and <= MaxEntryBytes && encoded is >= 0 and <= MaxEntryBytes && BinaryPrimitives.ReadInt64LittleEndian(head[DeepIdsAt..]) >= 0
            ? path + encoded
            : throw Malformed();
    }

    /// <exception cref="IntegrityException">ListingMalformed.</exception>
    internal static CachedEntry Read(ReadOnlySpan<byte> head, byte[] rest)
    {
        var pathBytes = BinaryPrimitives.ReadInt32LittleEndian(head);
        var checksum = BinaryPrimitives.ReadUInt64LittleEndian(head[ChecksumAt..]);
        if (ChecksumOf(rest, pathBytes) != checksum)
        {
            throw Malformed();
        }

        return new CachedEntry
        {
            Rest = rest,
            PathBytes = pathBytes,
            Checksum = checksum,
            Identity = IdentityCodec.Read(head[IdentityAt..]),
            DeepIds = BinaryPrimitives.ReadInt64LittleEndian(head[DeepIdsAt..]),
            SizeBytes = BinaryPrimitives.ReadInt64LittleEndian(head[SizeAt..]),
            ModifiedAt = new Timestamp(BinaryPrimitives.ReadInt64LittleEndian(head[TimeAt..]), BinaryPrimitives.ReadUInt32LittleEndian(head[(TimeAt + 8)..])),
            Mark = BinaryPrimitives.ReadUInt64LittleEndian(head[MarkAt..]),
            Kind = (EntryKind)head[KindAt],
            HasContentFault = head[KindAt + 1] != 0,
        };
    }

    /// <summary>The seal sees what happens to the file; this, what happened in memory before it was sealed. What it covers goes into the next listing unread.</summary>
    internal static ulong ChecksumOf(ReadOnlySpan<byte> rest, int pathBytes) =>
        XxHash3.HashToUInt64(rest[pathBytes..], (long)XxHash3.HashToUInt64(rest[..pathBytes]));

    /// <summary>The order of <see cref="EntryPath"/>, without making one.</summary>
    /// <exception cref="IntegrityException">ListingMalformed.</exception>
    internal static int ComparePath(ReadOnlySpan<byte> bytes, EntryPath path)
    {
        for (var i = 0; i < path.Depth; i++)
        {
            if (bytes.IsEmpty)
            {
                return -1;
            }

            var component = bytes.Slice(sizeof(int), LengthOf(bytes));
            if (component.SequenceCompareTo(path[i]) is var order && order != 0)
            {
                return order;
            }

            bytes = bytes[(sizeof(int) + component.Length)..];
        }

        return bytes.IsEmpty ? 0 : 1;
    }

    private static int LengthOf(ReadOnlySpan<byte> component) =>
        component.Length >= sizeof(int) && BinaryPrimitives.ReadInt32LittleEndian(component) is var length && length >= 0 && length <= component.Length - sizeof(int)
            ? length
            : throw Malformed();

    private static IntegrityException Malformed() => new(FaultCodes.ListingMalformed, "The host's listing cache holds a record that cannot be.");
}
