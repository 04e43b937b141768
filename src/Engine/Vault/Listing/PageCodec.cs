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

    internal static byte[] EncodePage(int level, IEnumerable<ReadOnlyMemory<byte>> items, int count)
    {
        var writer = new CborMapWriter().BeginMap(2).Key(LevelKey).Int(level).Key(ItemsKey).BeginArray(count);
        foreach (var item in items)
        {
            writer.Encoded(item.Span);
        }

        return writer.EndArray().EndMap().Encode();
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
        var bytes = new byte[path.Components.Sum(component => sizeof(uint) + component.Length)];
        var at = 0;
        foreach (var component in path.Components)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), component.Length);
            component.CopyTo(bytes, at + sizeof(uint));
            at += sizeof(uint) + component.Length;
        }

        return bytes;
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
