using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>An entry of a listing as a CBOR map; absent keys are absent values.</summary>
internal static class EntryCodec
{
    private const int MaxContentIds = 4096;
    private const int MaxAttributes = 4096;
    private const int MaxHoles = 1_000_000;
    private const int MaxLinkBytes = 65_536;
    private const int MaxSecurityBytes = 65_536;
    private const uint MaxMode = 4095;

    internal static byte[] Encode(ListedEntry entry) => Encode(entry, new CborMapWriter());

    /// <param name="writer">For many entries, one after the other: a writer of its own for each was a fifth of what a backup of small files allocated. What it holds is forgotten.</param>
    internal static byte[] Encode(ListedEntry entry, CborMapWriter writer)
    {
        writer.Wipe();
        writer.BeginMap();
        PageCodec.WritePath(writer.Key(0), entry.Path);
        WriteMetadata(writer, entry);
        return writer.EndMap().Encode();
    }

    internal static ListedEntry Decode(ReadOnlyMemory<byte> bytes) => Read(new CborMapReader(bytes, "listing entry"));

    internal static ListedEntry Read(CborMapReader reader)
    {
        var fields = new EntryFields();
        reader.BeginMap();
        while (reader.NextKey(out var key))
        {
            ReadField(reader, key, fields);
        }

        return fields.ToEntry(reader);
    }

    private static void WriteMetadata(CborMapWriter writer, ListedEntry entry)
    {
        var metadata = entry.Metadata;
        writer.Key(1).UInt((byte)metadata.Kind);
        Write(writer, 2, entry.Origin == NameOrigin.UnixBytes ? null : (uint?)entry.Origin);
        if (metadata.SizeBytes != 0)
        {
            writer.Key(3).Int(metadata.SizeBytes);
        }

        writer.Key(4).Time(metadata.ModifiedAt);
        Write(writer, 5, metadata.Mode);
        Write(writer, 6, metadata.UserId);
        Write(writer, 7, metadata.GroupId);
        Write(writer, 8, metadata.UserName);
        Write(writer, 9, metadata.GroupName);
        Write(writer, 10, metadata.LinkTarget);
        if (metadata.HardLinkTarget is not null)
        {
            PageCodec.WritePath(writer.Key(11), metadata.HardLinkTarget);
        }

        if (metadata.Kind is EntryKind.CharacterDevice or EntryKind.BlockDevice)
        {
            writer.Key(12).BeginArray(2).UInt(metadata.DeviceMajor).UInt(metadata.DeviceMinor).EndArray();
        }

        WriteAttributes(writer, entry);
        if (metadata.Holes.Count > 0)
        {
            writer.Key(14).Array(metadata.Holes, static (item, hole) => item.BeginArray(2).Int(hole.Offset).Int(hole.LengthBytes).EndArray());
        }

        if (metadata.Kind == EntryKind.File)
        {
            WriteContent(writer.Key(15), entry.Content);
        }

        if (metadata.CreatedAt is { } createdAt)
        {
            writer.Key(16).Time(createdAt);
        }

        Write(writer, 17, metadata.WindowsAttributes);
        Write(writer, 18, metadata.SecurityDescriptor);
        Write(writer, 19, metadata.ReparseData);
        if (entry.Streams.Count > 0)
        {
            writer.Key(20).Array(entry.Streams, WriteNamed);
        }

        Write(writer, 21, entry.ContentFault);
        if (!entry.Domain.IsVault)
        {
            writer.Key(22).Id(entry.Domain.Value);
        }
    }

    private static void WriteAttributes(CborMapWriter writer, ListedEntry entry)
    {
        var inline = entry.Metadata.ExtendedAttributes;
        if (inline.Count + entry.LargeAttributes.Count == 0)
        {
            return;
        }

        writer.Key(13).BeginArray(inline.Count + entry.LargeAttributes.Count);
        foreach (var (name, value, large) in inline
            .Select(attribute => (attribute.Name, (byte[]?)attribute.Value, (NamedContent?)null))
            .Concat(entry.LargeAttributes.Select(attribute => (attribute.Name, (byte[]?)null, (NamedContent?)attribute)))
            .OrderBy(attribute => attribute.Name, ByteOrder.Instance))
        {
            if (large is not null)
            {
                WriteNamed(writer, large);
            }
            else
            {
                writer.BeginArray(2).Bytes(name).Bytes(value).EndArray();
            }
        }

        writer.EndArray();
    }

    private static void WriteNamed(CborMapWriter writer, NamedContent named)
    {
        writer.BeginArray(3).Bytes(named.Name).Int(named.SizeBytes);
        WriteContent(writer, named.Content);
        writer.EndArray();
    }

    internal static void WriteContent(CborMapWriter writer, ContentRef content) =>
        writer.BeginArray(2).Int(content.Depth).Array(content.Ids, static (item, id) => item.Id(id.Value)).EndArray();

    internal static ContentRef ReadContent(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var depth = reader.ReadInt32(ContentRef.MaxDepth);
        var ids = reader.ReadArray(MaxContentIds, static item => new ChunkId(item.ReadId()));
        reader.EndArray();
        return depth == 0 && ids.Length == 0 ? ContentRef.Empty : new ContentRef(depth, ids);
    }

    private static void ReadField(CborMapReader reader, int key, EntryFields fields)
    {
        switch (key)
        {
            case 0: fields.Path = PageCodec.ReadPath(reader); break;
            case 1: fields.Kind = (EntryKind)reader.ReadInt32(byte.MaxValue); break;
            case 2: fields.Origin = (NameOrigin)reader.ReadInt32(byte.MaxValue); break;
            case 3: fields.SizeBytes = reader.ReadCount(); break;
            case 4: fields.ModifiedAt = reader.ReadTime(); break;
            case 5: fields.Mode = (uint)reader.ReadUInt64(MaxMode); break;
            case 6: fields.UserId = reader.ReadUInt32(); break;
            case 7: fields.GroupId = reader.ReadUInt32(); break;
            case 8: fields.UserName = reader.ReadText(); break;
            case 9: fields.GroupName = reader.ReadText(); break;
            case 10: fields.LinkTarget = reader.ReadBytes(MaxLinkBytes).ToArray(); break;
            case 11: fields.HardLinkTarget = PageCodec.ReadPath(reader); break;
            case 12: (fields.DeviceMajor, fields.DeviceMinor) = ReadDevice(reader); break;
            case 13: ReadAttributes(reader, fields); break;
            case 14: fields.Holes = reader.ReadArray(MaxHoles, ReadHole); break;
            case 15: fields.Content = ReadContent(reader); break;
            case 16: fields.CreatedAt = reader.ReadTime(); break;
            case 17: fields.WindowsAttributes = reader.ReadUInt32(); break;
            case 18: fields.SecurityDescriptor = reader.ReadBytes(MaxSecurityBytes).ToArray(); break;
            case 19: fields.ReparseData = reader.ReadBytes(MaxLinkBytes).ToArray(); break;
            case 20: fields.Streams = reader.ReadArray(MaxAttributes, ReadNamed); break;
            case 21: fields.ContentFault = reader.ReadText(); break;
            case 22: fields.Domain = new DomainId(reader.ReadId()); break;
            default: throw reader.UnknownKey(key);
        }
    }

    private static (uint Major, uint Minor) ReadDevice(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var device = (reader.ReadUInt32(), reader.ReadUInt32());
        reader.EndArray();
        return device;
    }

    private static FileExtent ReadHole(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var hole = new FileExtent(reader.ReadCount(), reader.ReadCount());
        reader.EndArray();
        return hole;
    }

    private static NamedContent ReadNamed(CborMapReader reader)
    {
        reader.BeginTuple(3);
        var named = new NamedContent(reader.ReadBytes(EntryPath.MaxComponentBytes).ToArray(), reader.ReadCount(), ReadContent(reader));
        reader.EndArray();
        return named;
    }

    private static void ReadAttributes(CborMapReader reader, EntryFields fields)
    {
        for (var left = reader.BeginArray(MaxAttributes); left > 0; left--)
        {
            var parts = reader.BeginArray(3);
            var name = reader.ReadBytes(EntryPath.MaxComponentBytes).ToArray();
            if (parts == 3)
            {
                fields.LargeAttributes.Add(new NamedContent(name, reader.ReadCount(), ReadContent(reader)));
            }
            else
            {
                reader.Check(parts == 2, "an extended attribute has neither value nor content");
                fields.Attributes.Add(new ExtendedAttribute(name, reader.ReadBytes(ListedEntry.MaxInlineAttributeBytes).ToArray()));
            }

            reader.EndArray();
        }

        reader.EndArray();
    }

    private static void Write(CborMapWriter writer, int key, uint? value)
    {
        if (value is { } number)
        {
            writer.Key(key).UInt(number);
        }
    }

    private static void Write(CborMapWriter writer, int key, string? value)
    {
        if (value is not null)
        {
            writer.Key(key).Text(value);
        }
    }

    private static void Write(CborMapWriter writer, int key, byte[]? value)
    {
        if (value is not null)
        {
            writer.Key(key).Bytes(value);
        }
    }
}
