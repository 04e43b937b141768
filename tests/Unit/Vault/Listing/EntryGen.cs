using CsCheck;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

/// <summary>Random entries as a listing may hold them.</summary>
internal static class EntryGen
{
    public static readonly Gen<byte[]> Name = Gen.Byte[1, 255].Array[1, 40].Where(name => !name.Contains((byte)'/'));

    public static readonly Gen<EntryPath> Path = Name.Array[1, 6].Select(components => new EntryPath(components));

    public static readonly Gen<Timestamp> Time = Gen.Select(Gen.Long, Gen.UInt[0, 999_999_999], (seconds, nanoseconds) => new Timestamp(seconds, nanoseconds));

    public static readonly Gen<ChunkId> Chunk = Gen.Byte.Array[32].Select(bytes => new ChunkId(Id256.Read(bytes)));

    public static readonly Gen<ContentRef> Content = Gen.Select(
        Gen.Int[0, 8], Chunk.Array[0, 64], (depth, ids) => ids.Length == 0 ? ContentRef.Empty : new ContentRef(depth, ids));

    public static readonly Gen<NamedContent> Named = Gen.Select(
        Name, Gen.Long[0, long.MaxValue], Content, (name, size, content) => new NamedContent(name, size, content));

    public static readonly Gen<EntryIdentity> Identity = Gen.Select(
        Time.Nullable(), Gen.ULong, Gen.ULong, Gen.UInt, (time, file, device, links) => new EntryIdentity(time, file, device, links));

    private static readonly Gen<ExtendedAttribute> Attribute = Gen.Select(
        Name, Gen.Byte.Array[0, 100], (name, value) => new ExtendedAttribute(name, value));

    private static readonly Gen<EntryMetadata> Basics = Gen.Select(
        Gen.Enum<EntryKind>(), Gen.Long[0, long.MaxValue], Time, Gen.UInt[0, 4095].Nullable(), Gen.UInt.Nullable(), Gen.String.Null(), Gen.Byte.Array.Null(),
        (kind, size, time, mode, id, text, bytes) => new EntryMetadata
        {
            Kind = kind,
            SizeBytes = size,
            ModifiedAt = time,
            Mode = mode,
            UserId = id,
            GroupId = mode,
            UserName = IsUtf16(text) ? text : null,
            SecurityDescriptor = bytes,
            DeviceMajor = kind is EntryKind.BlockDevice or EntryKind.CharacterDevice ? id ?? 0 : 0,
            WindowsAttributes = id,
        });

    public static readonly Gen<ListedEntry> Entry = Gen.Select(
        Path, Gen.Enum<NameOrigin>(), Basics, Content, Named.Array[0, 2], Attribute.Array[0, 3], Path,
        (path, origin, basics, content, named, attributes, other) => new ListedEntry
        {
            Path = path,
            Origin = origin,
            Content = basics.Kind == EntryKind.File ? content : ContentRef.Empty,
            Streams = named,
            LargeAttributes = named,
            ContentFault = basics.Mode is null ? "SB6003" : null,
            Domain = new DomainId(basics.UserId is { } user ? new Id256(user, 1, 2, 3) : default),
            Metadata = basics with
            {
                LinkTarget = basics.Kind == EntryKind.SymbolicLink ? [1, 2, 0xFF] : null,
                HardLinkTarget = basics.Kind == EntryKind.HardLink ? other : null,
                ExtendedAttributes = [.. attributes.OrderBy(attribute => attribute.Name, ByteOrder.Instance)],
                AlternateStreams = [.. named.Select(stream => new AlternateStream(stream.Name, stream.SizeBytes))],
                Holes = basics.SizeBytes > 10 ? [new FileExtent(0, 3), new FileExtent(5, 2)] : [],
            },
        });

    private static bool IsUtf16(string? text)
    {
        try
        {
            _ = text is null ? 0 : new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(text);
            return true;
        }
        catch (System.Text.EncoderFallbackException)
        {
            return false;
        }
    }
}
