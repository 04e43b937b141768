using System.Buffers.Binary;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>What a page above the leaves says of a page below it.</summary>
public sealed record PageReference(EntryPath First, EntryPath Last, long EntryCount, ChunkId Page);

/// <summary>A page as read: entries at level 0, references above.</summary>
public sealed record ListingPage(int Level, IReadOnlyList<ListedEntry> Entries, IReadOnlyList<PageReference> References);

/// <summary>Pages of a listing as bytes: <c>{ 0: level, 1: [ item, … ] }</c>.</summary>
internal static class PageCodec
{
    internal const int MaxPageBytes = 8 * 1024 * 1024;

    private const int MaxItems = 1_000_000;
    private const int LevelKey = 0;
    private const int ItemsKey = 1;

    /// <summary>Longest head of a page: a map of two, both keys, a level, an array of 2^32 - 1 items.</summary>
    private const int MaxHeadBytes = 1 + 1 + 1 + 1 + 5;

    /// <summary>
    /// The page of these items, which are encoded already. Its few bytes of frame are put in front of them by hand: a writer of CBOR reads each item through before it takes it, which was a
    /// seventh of a run without changes.
    /// </summary>
    /// <param name="items">One after the other.</param>
    internal static OwnedBuffer EncodePage(int level, int count, ReadOnlySpan<byte> items)
    {
        Span<byte> head = stackalloc byte[MaxHeadBytes];
        head = head[..WriteHead(level, count, head)];
        var page = OwnedBuffer.Rent(head.Length + items.Length);
        head.CopyTo(page.Span);
        items.CopyTo(page.Span[head.Length..]);
        return page;
    }

    internal static byte[] EncodeReference(PageReference reference)
    {
        var writer = new CborMapWriter().BeginArray(4);
        WritePath(writer, reference.First);
        WritePath(writer, reference.Last);
        return writer.Int(reference.EntryCount).Id(reference.Page.Value).EndArray().Encode();
    }

    /// <summary>Refuses a page whose items do not strictly ascend.</summary>
    internal static ListingPage Decode(ReadOnlyMemory<byte> bytes, ChunkId id)
    {
        var reader = CborMapReader.OfMap(bytes, $"listing page {id}");
        var level = -1;
        IReadOnlyList<ListedEntry> entries = [];
        IReadOnlyList<PageReference> references = [];
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case LevelKey:
                    level = reader.ReadInt32(ContentRef.MaxDepth);
                    break;
                case ItemsKey when level == 0:
                    entries = reader.ReadArray(MaxItems, EntryCodec.Read);
                    break;
                case ItemsKey:
                    references = reader.ReadArray(MaxItems, ReadReference);
                    break;
                default:
                    throw reader.UnknownKey(key);
            }
        }

        var page = new ListingPage(level, entries, references);
        RequireAscending(page, id);
        return page;
    }

    internal static void WritePath(CborMapWriter writer, EntryPath path) =>
        writer.Array(path.Components, static (item, component) => item.Bytes(component));

    internal static EntryPath ReadPath(CborMapReader reader)
    {
        var components = reader.ReadArray(EntryPath.MaxDepth, static item => item.ReadBytes(EntryPath.MaxComponentBytes).ToArray());
        reader.Check(components.Length > 0, "a path is empty");
        return new EntryPath(components);
    }

    /// <summary>The path as hashed for cutting pages: each component as u32 length ‖ bytes.</summary>
    internal static byte[] PathBytes(EntryPath path)
    {
        var bytes = new byte[PathLength(path)];
        CopyPath(path, bytes);
        return bytes;
    }

    internal static int PathLength(EntryPath path)
    {
        var length = 0;
        for (var i = 0; i < path.Depth; i++)
        {
            length += sizeof(uint) + path[i].Length;
        }

        return length;
    }

    /// <summary><see cref="PathBytes"/> into memory of at least <see cref="PathLength"/>.</summary>
    internal static void CopyPath(EntryPath path, Span<byte> destination)
    {
        for (var i = 0; i < path.Depth; i++)
        {
            var component = path[i];
            BinaryPrimitives.WriteInt32LittleEndian(destination, component.Length);
            component.CopyTo(destination[sizeof(uint)..]);
            destination = destination[(sizeof(uint) + component.Length)..];
        }
    }

    private static int WriteHead(int level, int count, Span<byte> head)
    {
        const byte MapOfTwo = 0xA2, Array = 0x80, OneByte = 24, TwoBytes = 25, FourBytes = 26;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(level, OneByte);
        (head[0], head[1], head[2], head[3]) = (MapOfTwo, LevelKey, (byte)level, ItemsKey);
        switch (count)
        {
            case < OneByte:
                head[4] = (byte)(Array | count);
                return 5;
            case <= byte.MaxValue:
                (head[4], head[5]) = (Array | OneByte, (byte)count);
                return 6;
            case <= ushort.MaxValue:
                head[4] = Array | TwoBytes;
                BinaryPrimitives.WriteUInt16BigEndian(head[5..], (ushort)count);
                return 7;
            default:
                head[4] = Array | FourBytes;
                BinaryPrimitives.WriteUInt32BigEndian(head[5..], (uint)count);
                return 9;
        }
    }

    private static PageReference ReadReference(CborMapReader reader)
    {
        reader.BeginTuple(4);
        var reference = new PageReference(ReadPath(reader), ReadPath(reader), reader.ReadCount(), new ChunkId(reader.ReadId()));
        reader.EndArray();
        return reference;
    }

    private static void RequireAscending(ListingPage page, ChunkId id)
    {
        var isAscending = page.Level == 0
            ? page.Entries.Zip(page.Entries.Skip(1), (left, right) => left.Path < right.Path).All(isOrdered => isOrdered)
            : page.References.All(reference => reference.First <= reference.Last)
                && page.References.Zip(page.References.Skip(1), (left, right) => left.Last < right.First).All(isOrdered => isOrdered);
        if (page.Level < 0 || !isAscending || page.Entries.Count + page.References.Count == 0)
        {
            throw new IntegrityException(FaultCodes.ListingMalformed, $"The listing page {id} is empty or not in order.");
        }
    }
}
