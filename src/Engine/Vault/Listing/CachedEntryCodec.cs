using System.Buffers.Binary;
using System.IO.Hashing;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// A record of the listing cache: head (all LE: i32 path bytes, i32 encoded bytes, identity 32, i64 deep ids, i64 size, i64 + u32 modification time, u64 mark, u8 kind,
/// u8 content fault, u64 XXH3 of what follows) ‖ path, each component behind its u32 length ‖ the entry as listed.
/// </summary>
internal static class CachedEntryCodec
{
    internal const int HeadBytes = 4 + 4 + IdentityCodec.SizeBytes + 8 + 8 + 12 + 8 + 2 + 8;

    private const int MaxEntryBytes = 8 * 1024 * 1024;
    private const int IdentityAt = 8;
    private const int DeepIdsAt = IdentityAt + IdentityCodec.SizeBytes;
    private const int SizeAt = DeepIdsAt + 8;
    private const int TimeAt = SizeAt + 8;
    private const int MarkAt = TimeAt + 12;
    private const int KindAt = MarkAt + 8;
    private const int ChecksumAt = KindAt + 2;

    /// <returns>The path as it follows the head.</returns>
    internal static byte[] WriteHead(CachedEntry entry, Span<byte> head)
    {
        var path = PageCodec.PathBytes(entry.Path);
        BinaryPrimitives.WriteInt32LittleEndian(head, path.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], entry.Encoded.Length);
        IdentityCodec.Write(entry.Identity, head[IdentityAt..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[DeepIdsAt..], entry.DeepIds);
        BinaryPrimitives.WriteInt64LittleEndian(head[SizeAt..], entry.SizeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(head[TimeAt..], entry.ModifiedAt.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(head[(TimeAt + 8)..], entry.ModifiedAt.Nanoseconds);
        BinaryPrimitives.WriteUInt64LittleEndian(head[MarkAt..], entry.Mark);
        head[KindAt] = (byte)entry.Kind;
        head[KindAt + 1] = entry.HasContentFault ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(head[ChecksumAt..], ChecksumOf(path, entry.Encoded.Span));
        return path;
    }

    /// <summary>How many bytes follow the head.</summary>
    /// <exception cref="IntegrityException">ListingMalformed.</exception>
    internal static int RestBytes(ReadOnlySpan<byte> head)
    {
        var (path, encoded) = (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]));
        return path is >= 0 and <= MaxEntryBytes && encoded is >= 0 and <= MaxEntryBytes && BinaryPrimitives.ReadInt64LittleEndian(head[DeepIdsAt..]) >= 0
            ? path + encoded
            : throw Malformed();
    }

    /// <param name="last">The path before, whose components are shared where they are the same.</param>
    /// <exception cref="IntegrityException">ListingMalformed.</exception>
    internal static CachedEntry Read(ReadOnlySpan<byte> head, byte[] rest, EntryPath? last)
    {
        var pathBytes = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (ChecksumOf(rest.AsSpan(0, pathBytes), rest.AsSpan(pathBytes)) != BinaryPrimitives.ReadUInt64LittleEndian(head[ChecksumAt..]))
        {
            throw Malformed();
        }

        return new CachedEntry
        {
            Path = ReadPath(rest.AsSpan(0, pathBytes), last),
            Encoded = rest.AsMemory(pathBytes),
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
    private static ulong ChecksumOf(ReadOnlySpan<byte> path, ReadOnlySpan<byte> encoded) =>
        XxHash3.HashToUInt64(encoded, (long)XxHash3.HashToUInt64(path));

    private static EntryPath ReadPath(ReadOnlySpan<byte> bytes, EntryPath? last)
    {
        var depth = 0;
        for (var rest = bytes; !rest.IsEmpty; depth++)
        {
            rest = rest[(sizeof(int) + LengthOf(rest))..];
        }

        var components = new byte[depth][];
        for (var i = 0; i < depth; i++)
        {
            var component = bytes.Slice(sizeof(int), LengthOf(bytes));
            components[i] = last is not null && i < last.Depth && component.SequenceEqual(last[i]) ? last.Components[i] : component.ToArray();
            bytes = bytes[(sizeof(int) + component.Length)..];
        }

        return new EntryPath(components);
    }

    private static int LengthOf(ReadOnlySpan<byte> component) =>
        component.Length >= sizeof(int) && BinaryPrimitives.ReadInt32LittleEndian(component) is var length && length >= 0 && length <= component.Length - sizeof(int)
            ? length
            : throw Malformed();

    private static IntegrityException Malformed() => new(FaultCodes.ListingMalformed, "The host's listing cache holds a record that cannot be.");
}
