using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Vault;

/// <summary>One root of a backup.</summary>
/// <param name="Name">The first component of its entries' paths.</param>
/// <param name="OriginalPath">Where it was, for people.</param>
/// <param name="Platform">linux, windows, macos.</param>
public sealed record SnapshotRoot(ReadOnlyMemory<byte> Name, string OriginalPath, string Platform);

/// <summary>What only a reader sees of a manifest: the way to the data.</summary>
/// <param name="ListingRoot">Null where the snapshot has no entry.</param>
/// <param name="Identities">The identity stream.</param>
/// <param name="Faults">What could not be read; null where there was nothing.</param>
public sealed record OwnerPart(
    ListingRoot? ListingRoot, ContentRef Identities, IReadOnlyList<SnapshotRoot> Roots, IReadOnlyList<string> Rules, ContentRef? Faults)
{
    private const int MaxPartBytes = 8 * 1024 * 1024;
    private const int MaxListed = 100_000;
    private const int MaxNameBytes = 4096;

    internal byte[] Seal(RecipientKey vaultKey, in ObjectHeader header) => KemEnvelope.Seal(vaultKey, header, SealPurpose.Owner, Encode());

    internal static OwnerPart Open(IdentityKey identity, in ObjectHeader header, ReadOnlySpan<byte> envelope)
    {
        using var plain = KemEnvelope.TryOpen(identity, header, SealPurpose.Owner, envelope, MaxPartBytes)
            ?? throw new KeyException(FaultCodes.WrongKey, $"The owner part of manifest {header.Object} is not sealed to this vault's key.");
        return Decode(plain.Memory.ToArray(), $"owner part of manifest {header.Object}");
    }

    internal byte[] Encode()
    {
        var writer = new CborMapWriter().BeginMap();
        if (ListingRoot is { } root)
        {
            writer.Key(0).BeginArray(2).Int(root.Level).Id(root.Page.Value).EndArray();
        }

        EntryCodec.WriteContent(writer.Key(1), Identities);
        writer.Key(2).Array(
                Roots, static (writer, root) => writer.BeginArray(3).Bytes(root.Name.Span).Text(root.OriginalPath).Text(root.Platform).EndArray())
            .Key(3).Array(Rules, static (writer, rule) => writer.Text(rule));
        if (Faults is { } faults)
        {
            EntryCodec.WriteContent(writer.Key(4), faults);
        }

        return writer.EndMap().Encode();
    }

    internal static OwnerPart Decode(ReadOnlyMemory<byte> plain, string what)
    {
        ListingRoot? listing = null;
        ContentRef? identities = null;
        SnapshotRoot[]? roots = null;
        string[]? rules = null;
        ContentRef? faults = null;
        var reader = CborMapReader.OfMap(plain, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: listing = ReadListingRoot(reader); break;
                case 1: identities = EntryCodec.ReadContent(reader); break;
                case 2: roots = reader.ReadArray(MaxListed, ReadRoot); break;
                case 3: rules = reader.ReadArray(MaxListed, static item => item.ReadText()); break;
                case 4: faults = EntryCodec.ReadContent(reader); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new OwnerPart(
            listing, reader.Required(identities, "the identity stream"), reader.Required(roots, "the roots"), reader.Required(rules, "the rules"), faults);
    }

    private static ListingRoot ReadListingRoot(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var root = new ListingRoot(reader.ReadInt32(ContentRef.MaxDepth), new ChunkId(reader.ReadId()));
        reader.EndArray();
        return root;
    }

    private static SnapshotRoot ReadRoot(CborMapReader reader)
    {
        reader.BeginTuple(3);
        var root = new SnapshotRoot(reader.ReadBytes(MaxNameBytes), reader.ReadText(), reader.ReadText());
        reader.EndArray();
        return root;
    }
}
